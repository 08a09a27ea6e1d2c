import { describe, expect, it } from 'vitest';
import {
  formatDistance,
  formatSeconds,
  parseDurationDays,
  parseDurationSeconds,
} from '../../src/cli/durations.ts';
import { formatTable, printable } from '../../src/cli/terminal/styles.ts';

describe('parseDurationSeconds', () => {
  it.each([
    ['0', 0],
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['7d', 604_800],
  ])('reads %s', (text, seconds) => {
    expect(parseDurationSeconds(text)).toBe(seconds);
  });

  it.each(['', '5', '-1h', '1.5h', '1w', 'h', '24 h', '1h30m'])('refuses %j', (text) => {
    expect(() => parseDurationSeconds(text)).toThrow(/not a duration/);
  });

  it('rounds days up', () => {
    expect(parseDurationDays('25h')).toBe(2);
  });

  it('refuses more than a hundred years', () => {
    expect(() => parseDurationSeconds('99999d')).toThrow('more than a hundred years');
  });

  it('refuses more days than any document may be valid', () => {
    expect(() => parseDurationDays('9999d')).toThrow('more than the 3660 days allowed');
  });

  it('writes what it reads', () => {
    expect([0, 90, 900, 86_400, 604_800].map(formatSeconds)).toEqual([
      '0',
      '90s',
      '15m',
      '24h',
      '7d',
    ]);
  });
});

describe('formatDistance', () => {
  it('uses the largest unit that says enough', () => {
    expect(formatDistance(0, 3_600_000 * 3)).toBe('3 hours ago');
    expect(formatDistance(86_400_000 * 90, 0)).toBe('in 90 days');
    expect(formatDistance(1000, 0)).toBe('in a moment');
  });
});

describe('printable', () => {
  it('takes away what moves the cursor, colours text or reorders it', () => {
    expect(printable('CN=a\u001b[2J\u202eb\nc\u0000')).toBe('CN=a\ufffd[2J\ufffdb\ufffdc\ufffd');
  });

  it('leaves names of all languages alone', () => {
    expect(printable('Autoridad de Certificación 認証局')).toBe(
      'Autoridad de Certificación 認証局',
    );
  });
});

describe('formatTable', () => {
  it('aligns columns and does not count colours', () => {
    expect(
      formatTable(
        ['a', 'b'],
        [
          ['\u001b[31mred\u001b[39m', 'x'],
          ['longer', 'y'],
        ],
      ),
    ).toBe('a       b\n\u001b[31mred\u001b[39m     x\nlonger  y');
  });
});
