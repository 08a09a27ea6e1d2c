/**
 * One key of a region and one stream: which heads it cosigns, and in which order signing, writing
 * and letting go happen.
 *
 * A machine: events in, effects as data out, to be carried out in order. A signature leaves in the
 * `release` effect alone, which follows on `persisted`; after a crash at any point either the store
 * has the head that was signed, or nobody has the signature. So a key never says less than it said
 * before, and never two things for one size. One head is in work at a time; of heads that come
 * meanwhile the newest waits. Spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { RealmName } from '../ids.ts';
import { type Checkpoint, requireGrowth } from './checkpoint.ts';
import { cosignatureLine, cosignatureMessage, regionKeyName } from './cosignature.ts';
import { isSameLog } from './log-name.ts';
import type { ProofHashes } from './proof.ts';
import type { CosignedHead, RegionKey } from './regions.ts';

/** Who signs: a key of one node. Two nodes with one key would not know what the other signed. */
export interface CosignerIdentity extends RegionKey {
  readonly realm: RealmName;
}

/** What a cosignature was made of, for the store to keep. */
export interface CosignedRecord extends CosignedHead {
  readonly timeSeconds: number;
}

/** A head on its way to a cosignature. */
type HeadInWork =
  | { readonly stage: 'signing'; readonly checkpoint: Checkpoint; readonly timeSeconds: number }
  | { readonly stage: 'persisting'; readonly record: CosignedRecord };

/** The state of one stream's cosigner. */
export interface CosignerState {
  /** What the store has; restoring is putting it back here. */
  readonly cosigned?: CosignedRecord;
  readonly inWork?: HeadInWork;
  /** The newest head that came meanwhile; it grew from the one in work. */
  readonly waiting?: Checkpoint;
}

/** What happened. */
export type CosignerEvent =
  /** The stream's durable head; `proof` shows that it grew from {@link provenHead}. */
  | { readonly kind: 'head'; readonly checkpoint: Checkpoint; readonly proof: ProofHashes }
  | { readonly kind: 'signed'; readonly signature: Uint8Array }
  | { readonly kind: 'persisted' }
  /** Signing or writing failed; the shell offers the head again later. */
  | { readonly kind: 'failed' };

/** What the shell has to do, in order. */
export type CosignerEffect =
  /** Sign with the key, and answer `signed` or `failed`. */
  | { readonly kind: 'sign'; readonly message: Uint8Array }
  /** Write, synced, in place of the stream's last record; answer `persisted` or `failed`. */
  | { readonly kind: 'persist'; readonly record: CosignedRecord }
  /** Give it to clients and peers. */
  | { readonly kind: 'release'; readonly record: CosignedRecord };

/** The next state and what to do. */
export interface CosignerStep {
  readonly state: CosignerState;
  readonly effects: readonly CosignerEffect[];
}

/** The head from which the next one must be shown to grow; absent before the first. */
export function provenHead({ cosigned, inWork, waiting }: CosignerState): Checkpoint | undefined {
  return waiting ?? (inWork && headInWork(inWork)) ?? cosigned?.checkpoint;
}

/**
 * Takes one step. An error changes nothing; after a signature that does not verify the shell says
 * `failed`.
 *
 * Errors: of `head` `ROLLBACK`, `PROOF`, `REALM`, `TYPE`, `LIMIT` (see `requireGrowth`); of
 * `signed` `KEY`; `BUG` (an answer to nothing). Rules CO-5, CO-14 to CO-16.
 */
export function stepCosigner(
  identity: CosignerIdentity,
  state: CosignerState,
  event: CosignerEvent,
  nowMs: number,
): CosignerStep {
  const { inWork } = state;
  switch (event.kind) {
    case 'head':
      return offer(identity, state, event, nowMs);
    case 'signed': {
      if (inWork?.stage !== 'signing') throw unasked(event.kind);
      const { checkpoint, timeSeconds } = inWork;
      const name = regionKeyName(identity.realm, identity.region);
      const parts = { name, key: identity.key, timeSeconds, signature: event.signature };
      const record = { checkpoint, timeSeconds, line: cosignatureLine(checkpoint, parts) };
      return {
        state: { ...state, inWork: { stage: 'persisting', record } },
        effects: [{ kind: 'persist', record }],
      };
    }
    case 'persisted': {
      if (inWork?.stage !== 'persisting') throw unasked(event.kind);
      const { record } = inWork;
      const { waiting } = state;
      const next = waiting && begin({ cosigned: record }, waiting, nowMs);
      return {
        state: next?.state ?? { cosigned: record },
        effects: [{ kind: 'release', record }, ...(next?.effects ?? [])],
      };
    }
    case 'failed':
      if (inWork === undefined) throw unasked(event.kind);
      // What the store has is not known after a failed write. Nobody saw that signature, so the
      // head before is still all that was said.
      return { state: state.cosigned ? { cosigned: state.cosigned } : {}, effects: [] };
  }
}

function offer(
  identity: CosignerIdentity,
  state: CosignerState,
  { checkpoint, proof }: Extract<CosignerEvent, { kind: 'head' }>,
  nowMs: number,
): CosignerStep {
  const held = provenHead(state);
  if (checkpoint.realm !== identity.realm) {
    throw new KedgeError('REALM', `${identity.region} cosigns for ${identity.realm} alone`);
  }
  if (held !== undefined) requireGrowth(held, checkpoint, proof);
  const isOfLog = held === undefined || isSameLog(held, checkpoint);
  if (isOfLog && checkpoint.size === (held?.size ?? 0)) return { state, effects: [] };
  if (state.inWork !== undefined) {
    return { state: { ...state, waiting: checkpoint }, effects: [] };
  }
  return begin(state, checkpoint, nowMs);
}

/** CO-15: the time never goes back either, whatever the clock does. */
function begin(state: CosignerState, checkpoint: Checkpoint, nowMs: number): CosignerStep {
  const timeSeconds = Math.max(1, Math.floor(nowMs / 1000), state.cosigned?.timeSeconds ?? 0);
  return {
    state: { ...state, inWork: { stage: 'signing', checkpoint, timeSeconds } },
    effects: [{ kind: 'sign', message: cosignatureMessage(checkpoint, timeSeconds) }],
  };
}

function headInWork(inWork: HeadInWork): Checkpoint {
  return inWork.stage === 'signing' ? inWork.checkpoint : inWork.record.checkpoint;
}

function unasked(kind: string): KedgeError {
  return new KedgeError('BUG', `a cosigner was told "${kind}" without having asked`);
}
