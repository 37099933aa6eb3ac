import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { applySettings } from '../schema/scenario/overrides.ts';
import { parseServiceLevel } from '../schema/scenario/slo.ts';

const set = (file: unknown, ...settings: readonly string[]): unknown => applySettings(file, settings, parse);

describe('--set', () => {
  test('sets one key and leaves all others', () => {
    expect(set({ a: { b: 1, c: 2 }, d: 3 }, 'a.b=5')).toEqual({ a: { b: 5, c: 2 }, d: 3 });
  });

  test('makes the maps on the way, reads YAML, and null takes a key away', () => {
    expect(set({}, 'a.b.c={ x: [1, two] }')).toEqual({ a: { b: { c: { x: [1, 'two'] } } } });
    expect(set({ a: 1, b: 2 }, 'a=null')).toEqual({ b: 2 });
  });

  test('an item of a list goes by its number, and one that is not there is refused', () => {
    const file = { a: [{ b: 1 }, { b: 2, c: 3 }] };
    expect(set(file, 'a.1.b=5')).toEqual({ a: [{ b: 1 }, { b: 5, c: 3 }] });
    expect(set(file, 'a.0=null', 'a.0.d=4')).toEqual({ a: [{ b: 2, c: 3, d: 4 }] });
    expect(() => set(file, 'a.2.b=5', 'a.b=5')).toThrow(
      /--set a\.2\.b=5: a list of 2; expected the number of an item from 0, got "2"[\s\S]*--set a\.b=5: .*got "b"/,
    );
  });

  test('the last of two settings wins, whatever the key', () => {
    const key = fc.stringMatching(/^[a-z]{1,4}(\.[a-z]{1,4}){0,3}$/);
    fc.assert(
      fc.property(key, fc.integer(), fc.integer(), (path, first, second) => {
        expect(set({}, `${path}=${first}`, `${path}=${second}`)).toEqual(set({}, `${path}=${second}`));
      }),
    );
  });

  test('the file itself is not touched', () => {
    const file = { a: { b: 1 } };
    set(file, 'a.b=2');
    expect(file).toEqual({ a: { b: 1 } });
  });

  test('every setting that is not key=value is reported', () => {
    expect(() => set({}, 'a', '=1', 'a..b=2', 'c=[')).toThrow(
      /--set a: expected key=value[\s\S]*--set =1: [\s\S]*--set a\.\.b=2: [\s\S]*--set c=\[: the value is not YAML/,
    );
  });
});

describe('--slo', () => {
  test.each([
    ['ttft:2s,tpot:50ms', { ttft: 2, tpot: 0.05 }],
    ['ttft:2000,tpot:50', { ttft: 2, tpot: 0.05 }],
    [' e2e = 1 min ', { e2e: 60 }],
  ])('%s is read in seconds; bare numbers are ms', (typed, level) => {
    expect(parseServiceLevel(typed, '--slo')).toEqual(level);
  });

  test.each([
    ['', /expected pairs such as "ttft:2s,tpot:50ms"/],
    ['ttft', /expected pairs/],
    ['ttfs:2s', /did you mean "ttft"/],
    ['ttft:2s,ttft:3s', /ttft is given twice/],
    ['tpot:0', /above zero/],
    ['tpot:-5ms', /above zero/],
    ['tpot:50GB', /quantity of bytes/],
    ['tpot:fast', /expected a quantity/],
  ])('%s is refused', (typed, message) => {
    expect(() => parseServiceLevel(typed, '--slo')).toThrow(message);
  });
});
