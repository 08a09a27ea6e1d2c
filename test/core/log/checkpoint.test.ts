import { describe, expect, it } from 'vitest';
import { parseUtf8 } from '../../../src/core/bytes.ts';
import { parseRealmName, parseSha256, parseStreamName } from '../../../src/core/ids.ts';
import {
  type Checkpoint,
  checkpointText,
  parseCheckpoint,
  requireGrowth,
  requireLog,
} from '../../../src/core/log/checkpoint.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import { expectCode, REALM, releaseFields } from '../support.ts';
import { checkpointOf, consistencyOf, leavesOf, readVectors, STREAM } from './fixtures.ts';

const vectors = readVectors('checkpoints') as {
  realm: string;
  stream: string;
  size: number;
  root: string;
  text: string;
  empty: string;
  refusedTexts: { name: string; text: string }[];
};

describe('parseCheckpoint', () => {
  it('reads what another implementation wrote, and writes the same', () => {
    const checkpoint = parseCheckpoint(vectors.text);
    const { realm, stream, size, root } = vectors;
    expect(checkpoint).toEqual({ realm, stream, size, root });
    expect(checkpointText(checkpoint)).toBe(vectors.text);
    expect(checkpointText(parseCheckpoint(vectors.empty))).toBe(vectors.empty);
  });

  it.each(vectors.refusedTexts)('refuses: $name', ({ text }) => {
    expectCode('PARSE', () => parseCheckpoint(text));
  });

  it('reads which decision a log began with', () => {
    const [origin = '', ...rest] = vectors.text.split('\n');
    const text = [`${origin}/7`, ...rest].join('\n');
    const checkpoint = parseCheckpoint(text);
    expect(checkpoint).toMatchObject({ stream: vectors.stream, decidedBy: 7 });
    expect(checkpointText(checkpoint)).toBe(text);
  });

  it('refuses versions that no log has, or that are written in another way', () => {
    const [origin = '', ...rest] = vectors.text.split('\n');
    const parts = [
      ...['/0', '/07', '/x', '/', '/9007199254740992', '/7/', '/7/7', '/7/3', '/0/3', '/0/0'],
      ...['/07/8', '/7/08', '/7/0x', '/7/00', '/x/8', '/7/8/9', '/7/9007199254740992'],
    ];
    for (const part of parts) {
      expectCode('PARSE', () => parseCheckpoint([`${origin}${part}`, ...rest].join('\n')));
    }
    for (const part of ['/0', '/3/0', '/3/4']) {
      const charters = [`${vectors.realm}/charter${part}`, ...rest];
      expectCode('PARSE', () => parseCheckpoint(charters.join('\n')));
    }
  });

  it('refuses a release as a checkpoint (F05)', () => {
    const payload = encodeStatement(releaseFields());
    expectCode('PARSE', () => parseCheckpoint(parseUtf8(payload)));
  });
});

describe('requireLog', () => {
  const checkpoint = checkpointOf(leavesOf(2));

  it('refuses another realm or stream', () => {
    const realm = parseRealmName('staging.example.org');
    expectCode('REALM', () => requireLog(checkpoint, { realm, stream: STREAM }));
    const stream = parseStreamName('charter');
    expectCode('TYPE', () => requireLog(checkpoint, { realm: REALM, stream }));
    requireLog(checkpoint, { realm: REALM, stream: STREAM });
  });
});

describe('requireGrowth', () => {
  const all = leavesOf(9);
  const held: Checkpoint = checkpointOf(all.slice(0, 5));

  it('takes the same tree, and one that grew', () => {
    requireGrowth(held, held, []);
    requireGrowth(held, checkpointOf(all), consistencyOf(all, 5));
  });

  it('refuses a smaller tree, whatever the proof (G13)', () => {
    const smaller = checkpointOf(all.slice(0, 4));
    expectCode('ROLLBACK', () => requireGrowth(held, smaller, []));
    expectCode('ROLLBACK', () => requireGrowth(held, smaller, consistencyOf(all.slice(0, 5), 4)));
  });

  it('refuses another tree of the same size (G14)', () => {
    const other = { ...held, root: parseSha256('ab'.repeat(32)) };
    expectCode('PROOF', () => requireGrowth(held, other, []));
  });

  it('refuses growth without its proof', () => {
    expectCode('PROOF', () => requireGrowth(held, checkpointOf(all), []));
    expectCode('PROOF', () => requireGrowth(held, checkpointOf(all), consistencyOf(all, 4)));
  });

  it('refuses another log', () => {
    const charter = { ...held, stream: parseStreamName('charter') };
    expectCode('TYPE', () => requireGrowth(held, charter, []));
  });
});
