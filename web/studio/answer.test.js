import { describe, expect, it } from 'vitest';
import { cellText, csv, parseExactly } from './answer.js';

const COLUMNS = [
  { name: 'n', type: 'Int64' },
  { name: 'd', type: 'Decimal128(38, 9)' },
  { name: 't', type: 'Utf8' },
  { name: 'l', type: 'List(Int64)' },
];

const answer = (rows) => parseExactly(`{"columns":${JSON.stringify(COLUMNS)},"rows":${rows}}`);

describe('an answer in the studio', () => {
  it('shows every digit of integers, positive, negative and inside of lists', () => {
    const { rows } = answer(
      '[[9007199254740993,"12345678901234567890.123456789","x",[18446744073709551615,-9223372036854775808,1]]]',
    );
    expect(rows[0].map(cellText)).toEqual([
      '9007199254740993',
      '12345678901234567890.123456789',
      'x',
      '["18446744073709551615","-9223372036854775808",1]',
    ]);
  });

  it('leaves numbers that JavaScript holds as numbers, and texts as they are', () => {
    const { rows } = answer('[[9007199254740991,-7,0.1,1e300],["9007199254740993","a \\" 9007199254740993 \\\\"]]');
    expect(rows[0]).toEqual([9007199254740991, -7, 0.1, 1e300]);
    expect(rows[1]).toEqual(['9007199254740993', 'a " 9007199254740993 \\']);
  });

  it('is parsed in linear time', () => {
    const began = performance.now();
    const many = Array.from({ length: 100_000 }, () => '9007199254740993').join(',');
    expect(parseExactly(`["${'\\"'.repeat(100_000)}",${many}]`)).toHaveLength(100_001);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('is exact in its CSV, which tells null from empty', () => {
    const { columns, rows } = answer('[[9007199254740993,"-1.5",null,null],[-9007199254740993,null,"",[1,2]]]');
    expect(csv({ columns, rows })).toBe('n,d,t,l\r\n9007199254740993,-1.5,,\r\n-9007199254740993,,"","[1,2]"\r\n');
  });

  it('disarms formulas of visitors, and keeps numbers numbers', () => {
    const { columns, rows } = answer('[[-1,"-1.5","=1+1",null],[1,"1","-1",null],[1,"1"," a\\r\\n\\"b\\"",null]]');
    expect(csv({ columns, rows })).toBe('n,d,t,l\r\n-1,-1.5,\'=1+1,\r\n1,1,\'-1,\r\n1,1," a\r\n""b""",\r\n');
  });

  it('keeps a row of one null as an empty line', () => {
    const columns = [{ name: 'c', type: 'Utf8' }];
    expect(csv({ columns, rows: [['a'], [null], [''], ['b']] })).toBe('c\r\na\r\n\r\n""\r\nb\r\n');
  });
});
