import { describe, expect, it } from 'vitest';
import type { AdoptionBoard } from '../../../src/core/adoption/board.ts';
import type { Client } from '../../../src/core/adoption/client.ts';
import { fitRow } from '../../../src/core/adoption/fitting.ts';
import { signRow, verifyRow } from '../../../src/core/adoption/row.ts';
import { generateSigningKey } from '../../../src/core/crypto.ts';
import { parseRealmName, parseSha256 } from '../../../src/core/ids.ts';
import type { RolloutBody } from '../../../src/core/rollouts/body.ts';
import { rolloutOf, wave } from '../rollouts/support.ts';
import {
  ANCHOR,
  BUNDLE,
  boardAt,
  instance,
  join,
  NOW_MS,
  releaseAt,
  rowOf,
  startOf,
  told,
} from './support.ts';

const ROLLOUT = parseSha256('ee'.repeat(32));
const BODY = rolloutOf({ waves: [wave(100, {}, { tier: 'canary' }), wave(100)] });
const CANARY = new Map([['tier', 'canary']]);

function roll(board: AdoptionBoard, body: RolloutBody = BODY, digest = ROLLOUT): void {
  const head = releaseAt(2);
  const anchors = new Set([ANCHOR]);
  board.serve(BUNDLE, { ...head, anchors, rollout: { digest, body } }, NOW_MS);
}

function rolling(): AdoptionBoard {
  const board = boardAt(2);
  roll(board);
  return board;
}

function canary(board: AdoptionBoard, number: number): Client {
  return join(board, number, 1, { labels: CANARY });
}

function load(board: AdoptionBoard, client: Client): void {
  board.acknowledged(client, releaseAt(2), 'delivered');
  board.acknowledged(client, releaseAt(2), 'loaded');
}

describe('a board during a rollout', () => {
  it('counts its clients by wave and by how far they are', () => {
    const board = rolling();
    load(board, canary(board, 1));
    board.acknowledged(canary(board, 2), releaseAt(2), 'delivered');
    board.refused(canary(board, 3), releaseAt(2), 'POLICY', 'no');
    join(board, 4, 1);
    expect(told(board).rollout).toEqual({
      rollout: ROLLOUT,
      open: 0,
      standing: 'going',
      waves: [
        { clients: 3, delivered: 1, loaded: 1, refused: 1 },
        { clients: 1, delivered: 0, loaded: 0, refused: 0 },
      ],
    });
  });

  it('counts those who were there before it began, and drops the counts of the one before', () => {
    const board = boardAt(2);
    load(board, canary(board, 1));
    expect(told(board).rollout).toBeUndefined();
    roll(board);
    expect(told(board).rollout?.waves).toMatchObject([{ clients: 1, loaded: 1 }, { clients: 0 }]);
    const next = parseSha256('dd'.repeat(32));
    roll(board, rolloutOf({ waves: [wave(100)] }), next);
    expect(told(board).rollout).toMatchObject({
      rollout: next,
      waves: [{ clients: 1, loaded: 1 }],
    });
  });

  it('I08: counts no more clients of one identity than the rollout says, in proportion', () => {
    const board = boardAt(2);
    roll(board, { ...BODY, maxPerIdentity: 4 });
    const open = (identity: string, number: number): Client =>
      board.open(identity, startOf(number, { instance: instance(number), labels: CANARY }), NOW_MS);
    const many = Array.from({ length: 8 }, (_, index) => open('spiffe://thief', index + 1));
    const [idle, ...busy] = many;
    for (const client of busy) load(board, client);
    load(board, open('spiffe://other', 20));
    open('spiffe://third', 21);
    const first = (): unknown => told(board).rollout?.waves[0];
    expect(first()).toEqual({ clients: 6, delivered: 0, loaded: 4, refused: 0 });
    if (idle !== undefined) board.refused(idle, releaseAt(2), 'POLICY', 'no');
    expect(first()).toEqual({ clients: 6, delivered: 0, loaded: 4, refused: 1 });
    for (const client of busy) board.closed(client, 'broken', NOW_MS);
    expect(first()).toEqual({ clients: 6, delivered: 3, loaded: 1, refused: 1 });
  });

  it('I10: counts who only received the release as knowing it, not as using it', () => {
    const board = rolling();
    board.acknowledged(canary(board, 1), releaseAt(2), 'delivered');
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 1, delivered: 1, loaded: 0 });
  });

  it('counts a client that is lost after it got the release, not as using it', () => {
    const board = rolling();
    const [before, after] = [canary(board, 1), canary(board, 2)];
    load(board, after);
    board.closed(before, 'broken', NOW_MS);
    board.closed(after, 'broken', NOW_MS);
    expect(told(board).rollout?.waves[0]).toEqual({
      clients: 1,
      delivered: 1,
      loaded: 0,
      refused: 0,
    });
  });

  it('remembers a refusal when the client comes again, until it takes the release', () => {
    const board = rolling();
    const first = canary(board, 1);
    board.refused(first, releaseAt(2), 'POLICY', 'no');
    board.closed(first, 'well', NOW_MS);
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 1, refused: 1 });
    const again = board.open(
      first.identity,
      startOf(1, { instance: instance(1), streams: 2, labels: CANARY }),
      NOW_MS,
    );
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 1, refused: 1 });
    load(board, again);
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 1, loaded: 1, refused: 0 });
  });

  it('believes in something newer than the release once it holds that itself', () => {
    const board = rolling();
    const [ahead, liar] = [canary(board, 1), canary(board, 2)];
    const { digest } = releaseAt(9);
    board.acknowledged(ahead, releaseAt(3), 'loaded');
    board.acknowledged(liar, { ...releaseAt(3), digest }, 'loaded');
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 2, loaded: 0 });
    const rollout = { digest: ROLLOUT, body: BODY };
    board.serve(BUNDLE, { ...releaseAt(3), anchors: new Set([ANCHOR]), rollout }, NOW_MS);
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 2, loaded: 1 });
    board.serve(BUNDLE, { ...releaseAt(4), anchors: new Set([ANCHOR]), rollout }, NOW_MS);
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 2, loaded: 1 });
    board.closed(ahead, 'well', NOW_MS);
    expect(told(board).rollout?.waves[0]).toMatchObject({ clients: 1, loaded: 0 });
  });

  it('tells how many waves are open, and of the rollout it serves alone', () => {
    const board = rolling();
    canary(board, 1);
    board.opened(BUNDLE, { rollout: ROLLOUT, open: 1, standing: 'stopped' });
    expect(told(board).rollout).toMatchObject({ open: 1, standing: 'stopped' });
    roll(board, BODY, parseSha256('dd'.repeat(32)));
    expect(told(board).rollout).toMatchObject({ open: 0, standing: 'going' });
  });

  it('says so in a row that others can verify', () => {
    const board = rolling();
    load(board, canary(board, 1));
    const key = generateSigningKey('ed25519');
    const row = fitRow(rowOf('fra-1', board.rows(NOW_MS)));
    const writer = { realm: parseRealmName('test.example.org'), publicKey: key.publicKey.spki };
    const read = verifyRow(
      signRow(row, (message) => key.sign(message)),
      writer,
    );
    expect(read).toEqual(row);
    expect(read.bundles[0]?.rollout?.waves).toHaveLength(2);
  });
});
