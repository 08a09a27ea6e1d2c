import { describe, expect, it } from 'vitest';
import type { Realm } from '../../src/cli/realm/realm.ts';
import { readHistory } from '../../src/cli/release/history.ts';
import { sha256 } from '../../src/core/crypto.ts';
import {
  NO_PREVIOUS,
  parseBundleName,
  parseRealmName,
  parseSequence,
  releaseStream,
  type Sha256,
} from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import { encodeStatement, parseStatement } from '../../src/core/statements/statement.ts';
import type { ReleaseHead } from '../../src/core/trusted/state.ts';
import { START_MS } from './support.ts';

const bundle = parseBundleName('b.example.org');

/** Three linked statements, newest first. */
function chain(note: string): readonly SignedStatement[] {
  const statements: SignedStatement[] = [];
  let previous: Sha256 = NO_PREVIOUS;
  for (const number of [1, 2, 3]) {
    const payload = encodeStatement({
      realm: parseRealmName('r.example.org'),
      stream: releaseStream(bundle),
      sequence: parseSequence(number),
      previous,
      charterVersion: 1,
      issuedMs: START_MS,
      expiresMs: START_MS + 1000,
      bodyDigest: sha256(Buffer.from(`${note} ${number}`)),
      bodyBytes: 10,
    });
    previous = sha256(payload);
    statements.unshift({ payload, signatures: [] });
  }
  return statements;
}

function read(told: readonly SignedStatement[], limit = 10): ReturnType<typeof readHistory> {
  const [newest] = chain('true');
  if (newest === undefined) throw new Error('no head');
  const { sequence, digest } = parseStatement(newest.payload);
  const history = async ({ before, limit: max }: { before?: number; limit: number }) =>
    told
      .filter(({ payload }) => parseStatement(payload).sequence < (before ?? Infinity))
      .slice(0, max);
  const realm = { node: { history } } as unknown as Realm;
  return readHistory(
    realm,
    { bundle, sequence, digest } as ReleaseHead & { bundle: typeof bundle },
    {
      limit,
    },
  );
}

describe('readHistory', () => {
  it('gives the statements that lead to the head, newest first', async () => {
    const past = await read(chain('true'));
    expect(past.map(({ statement }) => statement.sequence)).toEqual([3, 2, 1]);
    expect(await read(chain('true'), 2)).toHaveLength(2);
  });

  it.each([
    ['another history', chain('false')],
    ['a history with another past', [...chain('true').slice(0, 2), ...chain('false').slice(2)]],
    ['a history with a hole', [...chain('true').slice(0, 1), ...chain('true').slice(2)]],
    ['a history that ends too soon', chain('true').slice(0, 2)],
    ['nothing', []],
  ])('refuses %s', async (_, told) => {
    await expect(read(told)).rejects.toMatchObject({ code: 'PREVIOUS' });
  });
});
