/**
 * Admins who propose: in some seeds documents are not submitted with all signatures, but the
 * signatures are handed in one by one, each at another node.
 *
 * What was handed in is remembered, and who keeps it when all is well again: nothing of that may be
 * lost.
 *
 * @module
 */
import type { ProposeResult } from '../../src/core/gossip/events.ts';
import type { Proposal } from '../../src/core/proposals/model.ts';
import type { SimNode } from '../nodes/node.ts';
import { doSignersLeave, type Publication } from '../world/plan.ts';
import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import type { Published } from './pool.ts';

/** Seeds in which admins propose. */
const PROPOSING_SHARE = 0.25;
const ANSWER_WITHIN_MS = 5000;
const RETRY_MS = { first: 500, more: 500 };
const ATTEMPTS_MAX = 12;

/** Says whether the nodes of a seed gather signatures. */
export function isProposing(seed: number): boolean {
  return draw(seed, 'identity', 0, 6) < PROPOSING_SHARE;
}

/** A signature that a node keeps. */
interface Kept {
  readonly published: Published;
  readonly keyId: string;
}

/** Proposes. */
export class Proposer {
  readonly #scene: Scene;
  #isClosed = false;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Nothing more is proposed. */
  close(): void {
    this.#isClosed = true;
  }

  /** Says whether it is proposed; the others are submitted. */
  takes({ place }: Publication): boolean {
    const published = this.#scene.pool.documents[place];
    const signatures = published?.document.statement.signatures ?? [];
    return isProposing(this.#scene.seed) && signatures.length > 1;
  }

  /** Hands each signature in at another node; `then` when that is done, or has come to nothing. */
  propose({ place, host }: Publication, then: () => void): void {
    const published = this.#scene.pool.documents[place];
    if (published === undefined) return then();
    const { document, blobs } = published;
    const parts = document.statement.signatures.map((signature) => ({
      document: { ...document, statement: { ...document.statement, signatures: [signature] } },
      blobs,
    }));
    this.#next(parts, { part: 0, host, attempt: 0 }, then);
  }

  /** The signatures that honest nodes keep. */
  kept(): readonly Kept[] {
    const kept = new Map<string, Kept>();
    for (const { disk } of this.#scene.core()) {
      for (const [digest, one] of disk.proposals) {
        const published = this.#scene.truth.byDigest(digest)?.published;
        if (published === undefined || one.kind === 'withdrawn') continue;
        for (const { keyId } of one.proposal.document.statement.signatures) {
          kept.set(`${digest} ${keyId}`, { published, keyId });
        }
      }
    }
    return [...kept.values()];
  }

  /** What some honest node lacks of these signatures, or has not published with all of them. */
  lacking(kept: readonly Kept[]): string | undefined {
    const { truth } = this.#scene;
    for (const host of this.#scene.core()) {
      const { nodeId } = host.identity;
      for (const one of kept) {
        if (this.#has(host, one)) continue;
        return `${nodeId} lacks a signature of ${placeOf(one.published)}`;
      }
      const open = host.driver?.machine.proposals.open ?? [];
      const whole = open.find(({ proposal }) => truth.recognise(proposal.document.statement));
      if (whole !== undefined) return `${nodeId} has not published ${placeOf(whole.statement)}`;
    }
    return undefined;
  }

  #next(
    parts: readonly Proposal[],
    at: { readonly part: number; readonly host: number; readonly attempt: number },
    then: () => void,
  ): void {
    const { part, host, attempt } = at;
    const proposal = parts[part];
    if (proposal === undefined || this.#isClosed || attempt >= ATTEMPTS_MAX) return then();
    const { hosts, plan } = this.#scene;
    // Each part begins at another host.
    this.#proposeAt(hosts[(host + part + attempt) % plan.hosts.length], proposal, (result) => {
      if (result?.kind === 'kept') {
        this.#scene.coverage.hit('proposed');
        return this.#next(parts, { part: part + 1, host, attempt: 0 }, then);
      }
      // Its place is taken: by itself, or for good by another.
      if (result?.error.code === 'CONFLICT' || result?.error.code === 'FORK') return then();
      const delayMs = RETRY_MS.first + RETRY_MS.more * attempt;
      const again = (): void => this.#next(parts, { ...at, attempt: attempt + 1 }, then);
      this.#scene.after(delayMs, -1, again);
    });
  }

  #proposeAt(
    host: SimNode | undefined,
    proposal: Proposal,
    done: (result: ProposeResult | undefined) => void,
  ): void {
    const driver = host?.driver;
    if (driver === undefined) return done(undefined);
    let isDone = false;
    const once = (result: ProposeResult | undefined): void => {
      if (isDone) return;
      isDone = true;
      done(result);
    };
    this.#scene.after(ANSWER_WITHIN_MS, -1, () => once(undefined));
    this.#scene.after(0, driver.host.index, () => {
      if (driver.isAlive) driver.keeping.propose(proposal, once);
    });
  }

  /** A place that is taken, or where a fork is, needs no signatures. */
  #has(host: SimNode, { published, keyId }: Kept): boolean {
    const { plan, pool } = this.#scene;
    const { stream, sequence, digest } = published;
    const { disk, driver } = host;
    if (disk.headOf(stream) >= sequence || disk.fork(stream) !== undefined) return true;
    // Whoever is behind when signers leave cannot judge it before one more release comes.
    if (disk.headOf(stream) < sequence - 1 && doSignersLeave(plan, pool)) return true;
    const signed = driver?.machine.proposals.find(digest)?.proposal.document.statement;
    return signed?.signatures.some((one) => one.keyId === keyId) === true;
  }
}

function placeOf({ stream, sequence }: Pick<Published, 'stream' | 'sequence'>): string {
  return `${stream} ${sequence}`;
}
