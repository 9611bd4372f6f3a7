/** The JSON Schema of the ingest contract, shared with the Rust side. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';

const schemas = join(dirname(fileURLToPath(import.meta.url)), '../../../schemas');
const schema = JSON.parse(readFileSync(join(schemas, 'json/batch.schema.json'), 'utf8'));
const check = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

/** What is wrong with a batch; null if nothing. */
export function wrongWith(batch: unknown): string | null {
  return check(batch) ? null : JSON.stringify(check.errors);
}

export function examples(kind: 'good' | 'bad' | 'ignored'): [type: string, batch: unknown][] {
  const folder = join(schemas, 'examples', kind);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name.replace('.json', ''), JSON.parse(readFileSync(join(folder, name), 'utf8'))]);
}

export const EVENT_TYPES: string[] = schema.$defs.event.properties.type.enum;

/** What the SDK and the stream job make of an address, each alone and one after the other. */
export const ADDRESSES: { address: string; url: string }[] = JSON.parse(
  readFileSync(join(schemas, 'examples/addresses.json'), 'utf8'),
);
