import { describe, expect, it } from 'vitest';
import { parseSignerId, parseStreamName, type SignerId } from '../../../src/core/ids.ts';
import {
  PROPOSALS_MAX,
  PROPOSALS_MAX_BYTES,
  PROPOSALS_PER_SIGNER_MAX,
  PROPOSALS_PER_SIGNER_MAX_BYTES,
} from '../../../src/core/limits.ts';
import { type Occupant, requireRoom } from '../../../src/core/proposals/room.ts';
import { expectCode } from '../support.ts';

const ALICE = parseSignerId('alice');
const BOB = parseSignerId('bob');

/** The proposal with this number: of a stream of its own, and by default of a signer of its own. */
function one(number: number, change: Partial<Occupant> = {}): Occupant {
  const stream = parseStreamName(`release/b${String(number)}.example.org`);
  return { kind: 'open', stream, signers: [signer(number)], bytes: 1, ...change };
}

function many(count: number, change: Partial<Occupant> = {}): readonly Occupant[] {
  return Array.from({ length: count }, (_, number) => one(number, change));
}

function signer(number: number): SignerId {
  return parseSignerId(`signer-${String(number)}`);
}

const next = one(5000, { signers: [ALICE] });

describe('requireRoom (PP-6)', () => {
  it('is there for so many proposals in all, and so many bytes', () => {
    expect(() => requireRoom(many(PROPOSALS_MAX - 1), next)).not.toThrow();
    expectCode('LIMIT', () => requireRoom(many(PROPOSALS_MAX), next));
    const rest = [one(1, { bytes: PROPOSALS_MAX_BYTES - 1 })];
    expect(() => requireRoom(rest, next)).not.toThrow();
    expectCode('LIMIT', () => requireRoom(rest, { ...next, bytes: 2 }));
  });

  it('is there for so many of one signer, and so many bytes, whatever became of them', () => {
    const withdrawn = { kind: 'withdrawn', signers: [ALICE] } as const;
    expect(() => requireRoom(many(PROPOSALS_PER_SIGNER_MAX - 1, withdrawn), next)).not.toThrow();
    expectCode('LIMIT', () => requireRoom(many(PROPOSALS_PER_SIGNER_MAX, withdrawn), next));
    const rest = [one(1, { signers: [ALICE], bytes: PROPOSALS_PER_SIGNER_MAX_BYTES - 1 })];
    expect(() => requireRoom(rest, next)).not.toThrow();
    expectCode('LIMIT', () => requireRoom(rest, { ...next, bytes: 2 }));
  });

  it('is that of any of its signers, and of nobody else', () => {
    const full = many(PROPOSALS_PER_SIGNER_MAX, { signers: [ALICE] });
    expect(() => requireRoom(full, { ...next, signers: [ALICE, BOB] })).not.toThrow();
    expectCode('LIMIT', () => requireRoom(full, next));
    expectCode('LIMIT', () => requireRoom([], { ...next, signers: [] }));
  });
});
