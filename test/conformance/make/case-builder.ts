/**
 * Writes one case down: its documents, what each step must come to, and where everybody must stand
 * at the end.
 *
 * The end is computed from the expected outcomes and nothing else, so that a verifier that is wrong
 * does not confirm itself.
 */
import { encodeBase64, encodeUtf8 } from '../../../src/core/bytes.ts';
import type {
  ApplyStep,
  ConformanceCase,
  FreshStep,
  Outcome,
  Step,
  SubjectName,
  VectorDocument,
} from '../format.ts';
import {
  cosignedHead,
  type HeartbeatOptions,
  heartbeatOf,
  type NoteOptions,
  splitOf,
} from './attested.ts';
import { Ledger } from './ledger.ts';
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

/** What a node says to the second of two that race, when admins bring them. */
export const TAKEN: Pick<StepOptions, 'instead' | 'why'> = byAdmin(
  'CONFLICT',
  'a sequence that is taken forks nothing: C14',
);

/** Where a node comes to something else when an admin brings it. */
export function byAdmin(admin: Outcome, why: string): Pick<StepOptions, 'instead' | 'why'> {
  return { instead: { admin }, why };
}

/** Collects the steps of a case. */
export class CaseBuilder {
  readonly #name: string;
  readonly #about: string;
  readonly #options: CaseOptions;
  readonly #steps: Step[] = [];
  /** What nearly everybody holds. */
  readonly #held: Ledger = new Ledger();
  /** What a node holds that only admins speak to. */
  readonly #heldByAdmins: Ledger = new Ledger();
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
      charterVersion: Math.max(1, this.#held.count('charter')),
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
    this.#held.take(docs, expect, options.valid);
    this.#heldByAdmins.take(docs, options.instead?.admin ?? expect, options.valid);
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
    if (expect === 'forked') this.#held.fork(a, [a.digest, b.digest]);
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
    options: StepOptions & { readonly as?: HeartbeatOptions } = {},
  ): void {
    const nowMs = options.nowMs ?? Math.max(this.#nowMs, timeMs);
    const judged = this.#judged(expect, { ...options, nowMs });
    this.#steps.push({ ...heartbeatOf(region, timeMs, heads, options.as), ...judged });
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
    const [status, byAdmins] = [this.#held.result(), this.#heldByAdmins.result()];
    const differs = skip?.admin === undefined && byAdmins.root !== status.root;
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
      status,
      ...(differs && { statusOf: { admin: byAdmins } }),
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
    return after ?? this.#held.newest(stream);
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
