// The ingest contract's JSON Schema.
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';

const schema = readFileSync(new URL('../../schemas/json/batch.schema.json', import.meta.url), 'utf8');
const fits = new Ajv2020({ strict: false }).compile(JSON.parse(schema));

/** What is wrong with a batch; null if nothing. */
export const wrongWith = (batch) => (fits(batch) ? null : fits.errors);
