/**
 * Writes one case down: its documents, what each step must come to, and where everybody must stand
 * at the end.
 *
 * The end is computed from the expected outcomes and nothing else, so that a verifier that is wrong
 * does not confirm itself.
 */
import { createHash } from 'node:crypto';
import { encodeBase64, encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import type {
  ApplyStep,
  CaseResult,
  ConformanceCase,
  FreshStep,
  Outcome,
  Step,
  StreamResult,
  SubjectName,
  VectorDocument,
} from '../format.ts';
import { cosignedHead, heartbeatOf, type NoteOptions, splitOf } from './attested.ts';
import {
  anchorId,
  bodyValue,
  charterValue,
  DAY,
  type Doc,
  der,
  document,
  type JsonObject,
  jcs,
  MATERIAL,
  NO_PREVIOUS,
  PAYMENTS,
  REALM,
  type Resolved,
  SECOND,
  type StatementInput,
  T0,
  textAt,
} from './realm.ts';

/** How a document differs from a good one that comes next. */
export interface DocOptions extends Partial<StatementInput> {
  /** Builds on this one instead of the newest accepted. */
  readonly after?: Doc | 'nothing';
  /** Bends the text of the body, before it is named in the statement. */
  readonly bodyText?: (body: string) => string;
}

/** How a step differs from the usual one. */
export interface StepOptions {
  readonly nowMs?: number;
  readonly mode?: ApplyStep['mode'];
  readonly wire?: ApplyStep['wire'];
  readonly about?: string;
  readonly instead?: Partial<Record<SubjectName, Outcome>>;
  readonly why?: string;
  /** How many of the signatures are valid; default all. */
  readonly valid?: number;
  /** Offers the statements of the chain without the bodies of the earlier ones. */
  readonly history?: 'none';
}

/** What is said of a case beside its steps. */
export interface CaseOptions {
  readonly realm?: string;
  readonly bundles?: readonly string[];
  readonly skip?: Partial<Record<SubjectName, string>>;
  readonly minSequence?: Readonly<Record<string, number>>;
  /** How many regions clients demand. */
  readonly requireRegions?: number;
}

interface Accepted {
  readonly doc: Doc;
  readonly valid: number;
}

/** Collects the steps of a case. */
export class CaseBuilder {
  readonly #name: string;
  readonly #about: string;
  readonly #options: CaseOptions;
  readonly #steps: Step[] = [];
  /** What is accepted, by stream, ascending. */
  readonly #accepted: Map<string, Accepted[]> = new Map();
  readonly #forks: Map<string, { sequence: number; digests: Set<string> }> = new Map();
  #pin = NO_PREVIOUS;
  #nowMs = T0 - DAY;

  constructor(name: string, about: string, options: CaseOptions = {}) {
    this.#name = name;
    this.#about = about;
    this.#options = options;
  }

  get realm(): string {
    return this.#options.realm ?? REALM;
  }

  /** The first charter, signed by Alice and Bob, and the pin. */
  begin(change: (charter: JsonObject) => void = () => undefined, options: DocOptions = {}): Doc {
    const doc = this.charter(change, options);
    this.#pin = doc.digest;
    this.apply(doc, 'accepted');
    return doc;
  }

  /** Pins a first charter that is not offered yet. */
  pin(doc: Doc): void {
    this.#pin = doc.digest;
  }

  /** The next charter, not offered yet. */
  charter(change: (charter: JsonObject) => void, options: DocOptions = {}): Doc {
    const before = this.#before('charter', options.after);
    const version = options.sequence ?? (before?.sequence ?? 0) + 1;
    const value = charterValue(version, options.realm ?? this.realm);
    change(value);
    const text = jcs(value);
    const input: StatementInput = {
      stream: 'charter',
      sequence: version,
      previous: before?.digest ?? NO_PREVIOUS,
      charterVersion: version,
      realm: this.realm,
      issuedMs: T0 - DAY + (version - 1) * 60 * SECOND,
      expiresMs: T0 + 300 * DAY,
      ...options,
    };
    const doc = document(input, options.bodyText?.(text) ?? text);
    return { ...doc, resolutions: resolutionsOf(value) };
  }

  /** The next release of a bundle with this content, not offered yet. */
  release(content: readonly JsonObject[] | JsonObject, options: DocOptions = {}): Doc {
    const value = isList(content) ? bodyValue(content) : content;
    const bundle = textAt(value, 'bundle');
    const stream = options.stream ?? `release/${bundle}`;
    const before = this.#before(stream, options.after);
    const sequence = options.sequence ?? (before?.sequence ?? 0) + 1;
    const text = jcs(value);
    const input: StatementInput = {
      stream,
      sequence,
      previous: before?.digest ?? NO_PREVIOUS,
      charterVersion: Math.max(1, this.#accepted.get('charter')?.length ?? 0),
      realm: this.realm,
      issuedMs: issuedAt(sequence),
      blobs: blobsOf(value),
      ...options,
    };
    const doc = document(input, options.bodyText?.(text) ?? text);
    const replaces = value['replaces'];
    return typeof replaces === 'number' ? { ...doc, replaces } : doc;
  }

  /** Offers a document, or a chain of them. */
  apply(offered: Doc | readonly Doc[], expect: Outcome, options: StepOptions = {}): void {
    const docs = isList(offered) ? offered : [offered];
    const last = docs.at(-1);
    if (last === undefined) throw new Error('nothing is offered');
    this.#nowMs = options.nowMs ?? Math.max(this.#nowMs, last.issuedMs + 30 * SECOND);
    this.#steps.push({
      apply: vectorDocument(docs, options.history),
      mode: options.mode ?? 'linked',
      ...(options.wire !== undefined && { wire: options.wire }),
      ...this.#judged(expect, options),
    });
    if (expect === 'accepted') for (const doc of docs) this.#accept(doc, options.valid);
    if (expect === 'forked') this.#fork(last, [last.digest]);
  }

  /** Shows two statements as evidence. */
  evidence(a: Doc, b: Doc, expect: Outcome, options: StepOptions = {}): void {
    const [first, second] = a.digest < b.digest ? [a, b] : [b, a];
    this.#steps.push({
      evidence: {
        stream: a.stream,
        sequence: a.sequence,
        first: first.statement,
        second: second.statement,
      },
      ...this.#judged(expect, options),
    });
    if (expect === 'forked') this.#fork(a, [a.digest, b.digest]);
  }

  /** A node sends what regions signed of a log. */
  cosigned(
    log: readonly Doc[],
    regions: readonly string[],
    expect: Outcome,
    options: StepOptions & { readonly note?: NoteOptions } = {},
  ): void {
    const cosigned = cosignedHead(log, regions, options.note);
    this.#steps.push({ cosigned, ...this.#judged(expect, options) });
  }

  /** A region says at a time what its heads are. */
  heartbeat(
    region: string,
    timeMs: number,
    heads: readonly Doc[],
    expect: Outcome = 'accepted',
    options: StepOptions = {},
  ): void {
    const nowMs = options.nowMs ?? Math.max(this.#nowMs, timeMs);
    const judged = this.#judged(expect, { ...options, nowMs });
    this.#steps.push({ ...heartbeatOf(region, timeMs, heads), ...judged });
  }

  /** Two lines of one region. */
  split(a: readonly Doc[], b: readonly Doc[], region: string, expect: Outcome): void {
    this.#steps.push({ split: splitOf(a, b, region), ...this.#judged(expect, {}) });
  }

  /** What a reader has to think then. */
  fresh(
    fresh: FreshStep['fresh'],
    nowMs: number,
    {
      clock = 'right',
      about,
    }: { readonly clock?: FreshStep['clock']; readonly about?: string } = {},
  ): void {
    this.#steps.push({ fresh, clock, nowMs, ...(about !== undefined && { about }) });
  }

  restart(): void {
    this.#steps.push({ restart: true, nowMs: this.#nowMs });
  }

  /** Reads a DSSE envelope file. */
  envelope(text: string, expect: Outcome, options: StepOptions = {}): void {
    const envelope = encodeBase64(encodeUtf8(text));
    this.#steps.push({ envelope, ...this.#judged(expect, options) });
  }

  /** Reads a certificate file, as `kedge anchor add` does. */
  certificate(file: string, expect: Outcome, refusedBy?: readonly string[], about = ''): void {
    const judged = this.#judged(expect, about === '' ? {} : { about });
    this.#steps.push({ certificate: file, ...judged, ...(refusedBy && { refusedBy }) });
  }

  /** The case as it is written to the file. */
  done(): ConformanceCase {
    const { bundles = [PAYMENTS], skip, minSequence, requireRegions } = this.#options;
    return {
      name: this.#name,
      about: this.#about,
      realm: this.realm,
      pin: this.#pin,
      bundles,
      ...(minSequence && { minSequence }),
      ...(requireRegions !== undefined && { requireRegions }),
      ...(skip && { skip }),
      steps: this.#steps,
      status: this.#result(),
    };
  }

  #judged(
    expect: Outcome,
    { about, instead, why, nowMs }: StepOptions,
  ): Omit<ApplyStep, 'apply' | 'mode' | 'wire'> {
    return {
      nowMs: nowMs ?? this.#nowMs,
      ...(about !== undefined && { about }),
      expect,
      ...(instead && { instead }),
      ...(why !== undefined && { why }),
    };
  }

  #before(stream: string, after: DocOptions['after']): Doc | undefined {
    if (after === 'nothing') return undefined;
    return after ?? this.#accepted.get(stream)?.at(-1)?.doc;
  }

  #accept(doc: Doc, valid: number = doc.statement.signatures.length): void {
    const held = this.#accepted.get(doc.stream) ?? [];
    if (held.some((one) => one.doc.digest === doc.digest)) return;
    // A charter of recovery keys takes the place of what was there, and ends a fork.
    if (doc.stream === 'charter') this.#forks.delete('charter');
    const accepted = held.filter((one) => one.doc.sequence < doc.sequence);
    this.#accepted.set(doc.stream, [...accepted, { doc, valid }]);
    for (const resolution of doc.resolutions ?? []) this.#resolve(resolution);
  }

  /** The stream goes on; of what was accepted the side that fell is gone. */
  #resolve({ stream, sequence, digest }: Resolved): void {
    if (this.#forks.get(stream)?.sequence === sequence) this.#forks.delete(stream);
    const accepted = this.#accepted.get(stream) ?? [];
    const there = accepted.find(({ doc }) => doc.sequence === sequence);
    if (there === undefined || there.doc.digest === digest) return;
    this.#accepted.set(
      stream,
      accepted.filter(({ doc }) => doc.sequence < sequence),
    );
  }

  /** A stream stops before the lowest fork; of several statements the two smallest stay. */
  #fork({ stream, sequence }: Doc, digests: readonly string[]): void {
    const known = this.#forks.get(stream);
    const held = this.#accepted.get(stream)?.find((one) => one.doc.sequence === sequence);
    const lower = known === undefined || sequence < known.sequence;
    const before = known?.sequence === sequence ? known.digests : [];
    if (!lower && known.sequence !== sequence) return;
    const all = new Set([...before, ...digests, ...(held === undefined ? [] : [held.doc.digest])]);
    this.#forks.set(stream, { sequence, digests: new Set([...all].toSorted().slice(0, 2)) });
  }

  #result(): CaseResult {
    const names = [...new Set([...this.#accepted.keys(), ...this.#forks.keys()])].toSorted();
    const streams = names.map((name) => this.#stream(name));
    const charters = streams.find(({ stream }) => stream === 'charter');
    const lines = streams.map(({ stream, sequence, digest, evidence }) =>
      evidence === undefined
        ? `${stream}\0${sequence}\0${digest ?? ''}-\n`
        : `${stream}\0${sequence}\0${sha256(encodeUtf8(evidence.join('')))}F\n`,
    );
    return {
      charterVersion: charters?.sequence ?? 0,
      root: treeRoot(lines),
      streams,
    };
  }

  #stream(stream: string): StreamResult {
    const fork = this.#forks.get(stream);
    if (fork !== undefined) {
      const sequence = fork.sequence - 1;
      const common = this.#accepted.get(stream)?.find((one) => one.doc.sequence === sequence);
      const evidence = [...fork.digests].toSorted();
      const stopped = { stream, state: 'forked', sequence, evidence } as const;
      return common === undefined ? stopped : { ...stopped, digest: common.doc.digest };
    }
    const head = this.#accepted.get(stream)?.at(-1);
    if (head === undefined) throw new Error(`nothing is held of ${stream}`);
    const { sequence, digest, replaces } = head.doc;
    const open = { stream, state: 'open', sequence, digest } as const;
    if (stream === 'charter') return open;
    return { ...open, signatures: head.valid, ...(replaces !== undefined && { replaces }) };
  }
}

/** What a charter decides about forks. */
function resolutionsOf(charter: JsonObject): readonly Resolved[] {
  const list = charter['resolutions'];
  return Array.isArray(list) ? (list as unknown as readonly Resolved[]) : [];
}

/** When the release of a sequence is issued: one a minute. */
function issuedAt(sequence: number): number {
  return T0 + Math.min(sequence - 1, 1000) * 60 * SECOND;
}

function vectorDocument(docs: readonly Doc[], history: StepOptions['history']): VectorDocument {
  const last = docs.at(-1);
  if (last === undefined) throw new Error('nothing is offered');
  const withBodies = docs.length > 1 && history !== 'none';
  return {
    chain: docs.map(({ statement }) => statement),
    ...(withBodies && { history: docs.slice(0, -1).map(({ body }) => body) }),
    body: last.body,
    blobs: [...new Set(docs.flatMap(({ blobs }) => blobs))],
  };
}

/** The DER of the anchors that a body lists, as far as they are fixed certificates. */
function blobsOf(body: JsonObject): readonly string[] {
  const names = new Map(Object.keys(MATERIAL.certificates).map((name) => [anchorId(name), name]));
  const anchors = Array.isArray(body['anchors']) ? body['anchors'] : [];
  return anchors.flatMap((anchor) => {
    const name = names.get(textAt(anchor as JsonObject, 'id'));
    return name === undefined ? [] : [der(name)];
  });
}

function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}

/** The root over lines of rows, by the definition in docs/replication.md. */
function treeRoot(lines: readonly string[]): string {
  const placed = lines.map((line) => {
    const place = createHash('sha256')
      .update(line.slice(0, line.indexOf('\0')))
      .digest();
    return { line, bits: place.readUInt16BE(0) >> 4 };
  });
  const hashAt = (depth: number, prefix: number): Buffer => {
    const under = placed.filter(({ bits }) => bits >> (12 - depth) === prefix);
    if (under.length === 0) return Buffer.alloc(32);
    const hash = createHash('sha256');
    if (depth === 12) {
      const sorted = under.map(({ line }) => line).toSorted();
      return hash.update(`\0${sorted.join('')}`).digest();
    }
    return hash
      .update('\u0001')
      .update(hashAt(depth + 1, 2 * prefix))
      .update(hashAt(depth + 1, 2 * prefix + 1))
      .digest();
  };
  return hashAt(0, 0).toString('hex');
}
