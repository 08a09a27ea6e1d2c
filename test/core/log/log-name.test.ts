import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHARTER_STREAM } from '../../../src/core/ids.ts';
import {
  compareLogs,
  isSameLog,
  type LogName,
  logOrigin,
  parseLogOrigin,
} from '../../../src/core/log/log-name.ts';
import { REALM } from '../support.ts';
import { STREAM } from './fixtures.ts';

/** Every log that there can be while there are few charters. */
const LOGS: readonly LogName[] = [
  ...[undefined, 2, 3, 9].map((recoveredBy) => ({
    realm: REALM,
    stream: CHARTER_STREAM,
    ...(recoveredBy !== undefined && { recoveredBy }),
  })),
  ...[undefined, 2, 3, 9].flatMap((recoveredBy) =>
    [undefined, 2, 3, 4, 9, 10]
      .filter((decidedBy) => decidedBy === undefined || decidedBy > (recoveredBy ?? 0))
      .map((decidedBy) => ({
        realm: REALM,
        stream: STREAM,
        ...(recoveredBy !== undefined && { recoveredBy }),
        ...(decidedBy !== undefined && { decidedBy }),
      })),
  ),
];

describe('logOrigin', () => {
  it('tells a decision of a charter from a recovery by one of the same version', () => {
    const [charters, releases] = [`${REALM}/${CHARTER_STREAM}`, `${REALM}/${STREAM}`];
    const name = { realm: REALM, stream: STREAM };
    expect(logOrigin(name)).toBe(releases);
    expect(logOrigin({ ...name, decidedBy: 3 })).toBe(`${releases}/3`);
    expect(logOrigin({ ...name, recoveredBy: 3 })).toBe(`${releases}/3/0`);
    expect(logOrigin({ ...name, recoveredBy: 3, decidedBy: 5 })).toBe(`${releases}/3/5`);
    expect(logOrigin({ realm: REALM, stream: CHARTER_STREAM, recoveredBy: 3 })).toBe(
      `${charters}/3`,
    );
  });

  it('names no two logs alike, and comes back as the log that it names', () => {
    expect(new Set(LOGS.map(logOrigin)).size).toBe(LOGS.length);
    for (const log of LOGS) expect(parseLogOrigin(logOrigin(log))).toEqual(log);
  });
});

describe('parseLogOrigin', () => {
  it('takes no text but the one that it gives', () => {
    const parts = fc.array(fc.oneof(fc.nat(12).map(String), fc.constantFrom('', '03', '3x', '-1')));
    const streams = fc.constantFrom(STREAM, CHARTER_STREAM, 'rollout/a.example.org');
    fc.assert(
      fc.property(streams, parts, (stream, versions) => {
        const text = [REALM, stream, ...versions].join('/');
        let log: LogName | undefined;
        try {
          log = parseLogOrigin(text);
        } catch {
          return;
        }
        expect(logOrigin(log)).toBe(text);
        expect(log.decidedBy === undefined || log.decidedBy > (log.recoveredBy ?? 0)).toBe(true);
      }),
    );
  });
});

describe('compareLogs', () => {
  it('counts recoveries first, then what was decided since', () => {
    const ascending = [
      {},
      { decidedBy: 2 },
      { decidedBy: 9 },
      { recoveredBy: 3 },
      { recoveredBy: 3, decidedBy: 4 },
      { recoveredBy: 3, decidedBy: 9 },
      { recoveredBy: 5 },
    ];
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect(Math.sign(compareLogs(a, b))).toBe(Math.sign(i - j));
        expect(isSameLog(a, b)).toBe(i === j);
      }
    }
  });
});
