/**
 * A node, seen by a hostile peer: pushes, evidence and answers to fetches. A second peer watches
 * what the node passes on.
 */
import { expect } from 'vitest';
import { equalBytes } from '../../../src/core/bytes.ts';
import { type ErrorCode, isErrorCode } from '../../../src/core/errors.ts';
import type { FetchItem, Frame, Push } from '../../../src/core/gossip/frames.ts';
import { CHARTER_STREAM, parseRegionName, type Sha256 } from '../../../src/core/ids.ts';
import { NO_UPDATES } from '../../../src/core/membership/frames.ts';
import { parseStatement, type Statement } from '../../../src/core/statements/statement.ts';
import { headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { encodeFrame } from '../../../src/wire/gossip.ts';
import type {
  ApplyStep,
  ConformanceCase,
  EvidenceStep,
  JudgedStep,
  RegionStep,
} from '../format.ts';
import { decodeLeaf, decodePair, decodeRows, isRegionStep } from './attested.ts';
import { ELSEWHERE, helloOf, LyingServer, PeerLink } from './hostile-peer.ts';
import { CaseNode, hasNewFork } from './node.ts';
import { bend } from './protobuf.ts';
import { eventually } from './recorder.ts';
import {
  decodeDocument,
  decodeEvidence,
  evidenceText,
  lastOf,
  type Observed,
  type Offered,
  type Subject,
  type SubjectKind,
  type SubjectResult,
} from './subject.ts';

/** Both sort before `node`, so that the links that they open are kept. */
const LIAR = 'a-liar';
const WITNESS = 'b-witness';
/** A third region: a node passes on to it what comes from another one. */
const BEYOND = parseRegionName('sin');
/** Link message, frame, push, statement. */
const STATEMENT_PATH = [1, 2, 1];
const SETTLE_MS = 30;
/** After this time a node has judged what regions say. */
const ATTEST_SETTLE_MS = 100;
const ATTESTATIONS: ReadonlySet<string> = new Set(['cosigned', 'heartbeat', 'region-split']);

/** A node, by a link of a hostile peer. */
export const peerKind: SubjectKind = {
  name: 'peer',
  open: async (one) => PeerSubject.open(one),
  visible: (expected) => expected,
};

class PeerSubject implements Subject {
  readonly #case: ConformanceCase;
  readonly #server: LyingServer;
  readonly #node: CaseNode;
  /** Digests of what may be passed on. */
  readonly #good: Set<string> = new Set();
  #probes = 0;
  #liar: PeerLink;
  #witness: PeerLink;

  private constructor(
    one: ConformanceCase,
    server: LyingServer,
    node: CaseNode,
    links: readonly [PeerLink, PeerLink],
  ) {
    this.#case = one;
    this.#server = server;
    this.#node = node;
    [this.#liar, this.#witness] = links;
  }

  static async open(one: ConformanceCase): Promise<PeerSubject> {
    const server = await LyingServer.start();
    const node = await CaseNode.start(one);
    return new PeerSubject(one, server, node, await openLinks(node, one, server));
  }

  unfit(step: JudgedStep): string | undefined {
    const isFile = 'envelope' in step || 'certificate' in step;
    return isFile ? 'nodes exchange no files' : undefined;
  }

  async take(step: JudgedStep): Promise<Observed> {
    this.#node.setTime(step.nowMs);
    if (this.#liar.closed !== undefined) {
      this.#liar[Symbol.dispose]();
      this.#liar = await openLink(LIAR, this.#node, this.#case, this.#server);
    }
    if ('apply' in step) return await this.#apply(step);
    if ('evidence' in step) return await this.#evidence(step);
    if (isRegionStep(step)) return await this.#attest(step);
    throw new Error('not a step of this subject');
  }

  async restart(nowMs: number): Promise<void> {
    this.#requireOnlyGoodPassedOn();
    this.#closeLinks();
    await this.#node.restart(nowMs);
    [this.#liar, this.#witness] = await openLinks(this.#node, this.#case, this.#server);
  }

  async freshness(): Promise<undefined> {
    return undefined;
  }

  async snapshot(): Promise<string> {
    return await this.#node.snapshot();
  }

  async result(): Promise<SubjectResult> {
    this.#requireOnlyGoodPassedOn();
    return await this.#node.result();
  }

  reported(code: ErrorCode): number {
    return this.#node.reported(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closeLinks();
    await this.#node[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  async #apply(step: ApplyStep): Promise<Observed> {
    const offered = decodeDocument(step.apply);
    const last = lastOf(offered.chain);
    this.#server.items = pushesOf(offered).map((entry): FetchItem => ({ kind: 'entry', entry }));
    const isChain = offered.chain.length > 1;
    const answer = isAhead(last, this.#node.trusted) ? 'fetches' : 'answers';
    const observed = await this.#say(last?.digest, answer, () => {
      if (isChain && last !== undefined) return this.#liar.send(announcement(last));
      const frame: Frame = { kind: 'push', push: lastPush(offered), origin: ELSEWHERE };
      this.#liar.sendBytes(bend(encodeFrame(frame), STATEMENT_PATH, step.wire));
    });
    if (isErrorCode(observed.outcome) || last === undefined) return observed;
    for (const { payload } of offered.chain) this.#good.add(parseStatement(payload).digest);
    if (observed.outcome === 'accepted') await this.#requireVerbatim(last, offered);
    return observed;
  }

  async #evidence(step: EvidenceStep): Promise<Observed> {
    const evidence = decodeEvidence(step.evidence);
    const first = lastOf([evidence.first])?.digest;
    const observed = await this.#say(first, 'answers', () =>
      this.#liar.send({ kind: 'fork', evidence }),
    );
    if (!isErrorCode(observed.outcome)) this.#good.add(evidenceText(evidence));
    return observed;
  }

  /** What regions say travels line by line; taken is what the node knows then, or passes on. */
  async #attest(step: RegionStep): Promise<Observed> {
    const { recorder } = this.#node;
    const seen = async (): Promise<string> => {
      const passedOn = this.#witness.frames.filter(({ kind }) => ATTESTATIONS.has(kind));
      return `${passedOn.length} ${await this.#node.attested()}`;
    };
    // What came before is on disk, and passed on.
    let before = await seen();
    for (let last = ''; last !== before; ) {
      last = before;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      before = await seen();
    }
    const events = recorder.events.length;
    for (const frame of attestationFrames(step)) this.#liar.send(frame);
    await this.#answered(this.#liar);
    // What it passed on came to the other peer before the answer to that one.
    await this.#answered(this.#witness);
    const endMs = performance.now() + ATTEST_SETTLE_MS;
    for (;;) {
      const isTaken = (await seen()) !== before;
      const refusal = recorder.refusalSince(events);
      const code = refusal?.['code'];
      if (typeof code === 'string' && isErrorCode(code)) {
        return { outcome: code, message: String(refusal?.['reason']) };
      }
      if (performance.now() > endMs) return { outcome: isTaken ? 'accepted' : 'held' };
    }
  }

  /**
   * Says something to the node and watches what it makes of it. About what it holds a node says
   * nothing; but it judges in order, so when it answers what came after and writes nothing, that is
   * what it made of it. `fetches`: it judges later, when it has asked.
   */
  async #say(
    digest: Sha256 | undefined,
    node: 'answers' | 'fetches',
    say: () => void,
  ): Promise<Observed> {
    const { recorder } = this.#node;
    const before = this.#node.trusted;
    const events = recorder.events.length;
    say();
    const isJudged = this.#probe(this.#liar);
    const observed = await eventually('the node to judge', (): Observed | undefined => {
      const { trusted } = this.#node;
      if (hasNewFork(before, trusted)) return { outcome: 'forked' };
      if (trusted !== before && holds(trusted, digest)) return { outcome: 'accepted' };
      const refusal = recorder.refusalSince(events);
      const code = refusal?.['code'];
      if (typeof code === 'string' && isErrorCode(code)) {
        return { outcome: code, message: String(refusal?.['reason']) };
      }
      if (node === 'fetches' || !isJudged() || this.#node.isWriting) return undefined;
      return trusted === before ? { outcome: 'held' } : undefined;
    });
    // What is missing is fetched, and those fetches end in refusals of their own.
    await eventually('the fetches to end', () => recorder.fetches === 0 || undefined);
    return observed;
  }

  async #answered(link: PeerLink): Promise<void> {
    const isAnswered = this.#probe(link);
    const isOver = (): boolean => isAnswered() || link.closed !== undefined;
    await eventually('the node to answer', () => isOver() || undefined);
  }

  /** Asks for an answer; says whether it has come: what was said before is judged then. */
  #probe(link: PeerLink): () => boolean {
    this.#probes += 1;
    const sequence = this.#probes;
    const frames = link.frames.length;
    link.send({ kind: 'ping', sequence, updates: NO_UPDATES });
    return () =>
      link.frames
        .slice(frames)
        .some((frame) => frame.kind === 'ack' && frame.sequence === sequence);
  }

  /** E10: what the other peer gets are the bytes that came, with the valid signatures alone. */
  async #requireVerbatim(last: Statement, offered: Offered): Promise<void> {
    const sent = offered.chain.at(-1);
    const found = await eventually('the node to pass it on', () =>
      this.#witness.frames.find((frame) =>
        frame.kind === 'push'
          ? parseStatement(frame.push.statement.payload).digest === last.digest
          : isHeld(frame, last.digest),
      ),
    );
    if (found.kind !== 'push' || sent === undefined) return;
    const { payload, signatures } = found.push.statement;
    expect(equalBytes(payload, sent.payload), 'the payload goes on as it came').toBe(true);
    const given = sent.signatures.map(({ signature }) => Buffer.from(signature).toString('hex'));
    for (const { signature } of signatures) {
      expect(given).toContain(Buffer.from(signature).toString('hex'));
    }
  }

  /** Nothing that was refused reached the other peer. */
  #requireOnlyGoodPassedOn(): void {
    for (const frame of this.#witness.frames) {
      if (frame.kind === 'push') {
        const { digest } = parseStatement(frame.push.statement.payload);
        expect(this.#good.has(digest), `${digest} was passed on`).toBe(true);
      }
    }
  }

  #closeLinks(): void {
    this.#liar[Symbol.dispose]();
    this.#witness[Symbol.dispose]();
  }
}

async function openLinks(
  node: CaseNode,
  one: ConformanceCase,
  server: LyingServer,
): Promise<readonly [PeerLink, PeerLink]> {
  return await Promise.all([
    openLink(LIAR, node, one, server),
    PeerLink.open(node.address, helloOf(WITNESS, one, server.address, BEYOND)),
  ]);
}

async function openLink(
  name: string,
  node: CaseNode,
  one: ConformanceCase,
  server: LyingServer,
): Promise<PeerLink> {
  return await PeerLink.open(node.address, helloOf(name, one, server.address));
}

function attestationFrames(step: RegionStep): readonly Frame[] {
  if ('split' in step) return [{ kind: 'region-split', split: decodePair(step) }];
  if ('heartbeat' in step) {
    return [{ kind: 'heartbeat', heartbeat: decodeRows(step).heartbeat }];
  }
  const { checkpoint, lines } = decodeLeaf(step);
  return lines.map((line) => ({ kind: 'cosigned', head: { checkpoint, line } }));
}

function pushesOf({ chain, history = [], body, blobs }: Offered): readonly Push[] {
  const bodies = [...history, body];
  return chain.map((statement, index) => ({
    statement,
    content: { kind: 'whole', body: bodies[index] ?? body },
    blobs,
  }));
}

function lastPush(offered: Offered): Push {
  const push = pushesOf(offered).at(-1);
  if (push === undefined) throw new Error('nothing is offered');
  return push;
}

function announcement({ stream, sequence, digest }: Statement): Frame {
  return { kind: 'held', row: { stream, sequence, digest, forked: false } };
}

/** Whether a statement is the newest of its stream. */
function holds(state: TrustedState, digest: Sha256 | undefined): boolean {
  const heads = [...state.streams.values()].map(({ head }) => head?.digest);
  return [state.charters.at(-1)?.digest, ...heads].includes(digest);
}

/** Says whether a node with this state asks for what it hears of. */
function isAhead(last: Statement | undefined, { charters, ...state }: TrustedState): boolean {
  if (last === undefined) return false;
  const held =
    last.stream === CHARTER_STREAM
      ? charters.at(-1)?.version
      : headOf({ charters, ...state }, last.stream)?.sequence;
  return last.sequence > (held ?? 0);
}

function isHeld(frame: Frame, digest: Sha256 | undefined): boolean {
  return frame.kind === 'held' && frame.row.digest === digest;
}
