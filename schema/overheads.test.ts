import { describe, expect, test } from 'vitest';
import { compareVersions, type OverheadProfile, profileFor, readOverheads } from './overheads.ts';

const figure = { value: '1 ms', kind: 'estimate', source: 'made up' };
const profiles = (...versions: readonly string[]): readonly OverheadProfile[] =>
  readOverheads(
    {
      schema: 'supernode/overheads/1',
      profiles: versions.map((version) => ({ stack: 'engine', version, step: figure, request: figure, token: figure, launch: figure, rows: 5 })),
    },
    'overheads.json',
  );

describe('overhead profiles', () => {
  test('versions come in the order of their release', () => {
    const order = ['0.5.9', '0.5.10.post1', '1.0.0rc3', '1.0.0', '1.2.0rc2', '1.2.0rc2.post2', '1.2.0rc6.post2', '1.2.0', 'nightly-dev'];
    expect(order.toReversed().toSorted(compareVersions)).toEqual(order);
  });

  test('a version without a profile inherits the nearest, a name without numbers the latest', () => {
    const known = profiles('0.5.6.post2', '0.5.10', '0.12.0');
    const nearest = (version: string): string | undefined => profileFor(known, 'engine', version)?.version;
    expect(['0.5.6.post2', '0.5.1.post1', '0.5.9', '0.11.0', '1.0.0', 'nightly'].map(nearest)).toEqual([
      '0.5.6.post2',
      '0.5.6.post2',
      '0.5.10',
      '0.12.0',
      '0.12.0',
      '0.12.0',
    ]);
    expect(profileFor(known, 'another', '0.5.9')).toBeUndefined();
  });

  test('a broken file lists every problem', () => {
    expect(() =>
      readOverheads({ schema: 'x', profiles: [{ stack: 'a', version: 'b', step: figure, request: { ...figure, value: 3 }, token: figure, rows: 0 }] }, 'f'),
    ).toThrow(/schema|request|rows/);
  });
});
