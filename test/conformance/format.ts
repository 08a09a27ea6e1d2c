/**
 * The files under `vectors/`: adversarial cases as data, for a client in any language.
 *
 * `docs/conformance.md` describes the same for people who read no TypeScript.
 */
import { readFileSync } from 'node:fs';
import type { ErrorCode } from '../../src/core/errors.ts';

/** The format that this driver reads. */
export const FORMAT: string = 'kedge-conformance/1';

/** The groups, in the order of the design; one file each. */
export const GROUPS = ['a', 'b', 'b10', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] as const;

/**
 * Who is put to the test. `core`: the verifier alone. `peer`: a node, by a hostile peer over a gRPC
 * link. `admin`: a node, by its Submit method. `client`: the SDK, by a lying node over gRPC.
 */
export const SUBJECTS = ['core', 'peer', 'admin', 'client'] as const;
export type SubjectName = (typeof SUBJECTS)[number];

/** What a step comes to: taken, nothing new, a fork proven, or the code of a refusal. */
export type Outcome = 'accepted' | 'held' | 'forked' | ErrorCode;

/** A signature; `repeat` stands for that many copies of it. */
export interface VectorSignature {
  /** A hint: hex, or empty. */
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
  readonly repeat?: number;
}

export interface VectorStatement {
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly VectorSignature[];
}

export interface VectorDocument {
  /** Ascending; the last one is offered as the new head, the others are its history. */
  readonly chain: readonly VectorStatement[];
  /** The bodies of all but the last, base64; absent for a chain of one. */
  readonly history?: readonly string[];
  /** The body of the last, base64. */
  readonly body: string;
  /** The DER of anchors that come with it, base64. */
  readonly blobs: readonly string[];
}

export interface VectorEvidence {
  readonly stream: string;
  readonly sequence: number;
  readonly first: VectorStatement;
  readonly second: VectorStatement;
}

/** What all steps with an outcome share. */
interface Judged {
  /** The time of whoever judges. */
  readonly nowMs: number;
  readonly about?: string;
  readonly expect: Outcome;
  /** Where a subject rightly comes to something else, and why. */
  readonly instead?: Partial<Record<SubjectName, Outcome>>;
  readonly why?: string;
}

export interface ApplyStep extends Judged {
  readonly apply: VectorDocument;
  readonly mode: 'linked' | 'jump';
  /** How the message is bent on its way; the document inside is as given. */
  readonly wire?: 'unknown-fields' | 'repeated-fields';
}

export interface EvidenceStep extends Judged {
  readonly evidence: VectorEvidence;
}

/** The subject ends and starts again with what it had stored. */
export interface RestartStep {
  readonly restart: true;
  readonly nowMs: number;
}

/** A DSSE envelope as a file, base64. */
export interface EnvelopeStep extends Judged {
  readonly envelope: string;
}

/** A certificate file that an admin wants to add, base64. */
export interface CertificateStep extends Judged {
  readonly certificate: string;
  /** The rules by which admission refuses what can be read. */
  readonly refusedBy?: readonly string[];
}

/** The head of a log with the lines of regions, and the place of its last statement. */
export interface CosignedStep extends Judged {
  readonly cosigned: {
    /** A signed note, base64. */
    readonly note: string;
    /** Hashes from the leaves up, base64. */
    readonly proof: readonly string[];
  };
}

/** A region says what it holds, and when. */
export interface HeartbeatStep extends Judged {
  readonly heartbeat: {
    readonly realm: string;
    readonly region: string;
    readonly timeSeconds: number;
    readonly size: number;
    readonly root: string;
    readonly keyId: string;
    /** Base64. */
    readonly signature: string;
  };
  /** What it says of some streams, each with its proof. */
  readonly rows: readonly {
    readonly stream: string;
    readonly sequence: number;
    readonly digest: string;
    readonly forked: boolean;
    readonly index: number;
    readonly proof: readonly string[];
  }[];
}

/** Two notes of which one key of a region signed both, base64. */
export interface SplitStep extends Judged {
  readonly split: { readonly first: string; readonly second: string };
}

/** What a reader has to think of its set and its clock at a time. */
export interface FreshStep {
  readonly fresh: 'fresh' | 'stale';
  readonly clock: 'right' | 'ahead' | 'behind';
  readonly nowMs: number;
  readonly about?: string;
}

export type RegionStep = CosignedStep | HeartbeatStep | SplitStep;

export type Step =
  | ApplyStep
  | EvidenceStep
  | RestartStep
  | EnvelopeStep
  | CertificateStep
  | RegionStep
  | FreshStep;
export type JudgedStep = Exclude<Step, RestartStep | FreshStep>;

/** One stream at the end of a case. */
export interface StreamResult {
  readonly stream: string;
  readonly state: 'open' | 'forked';
  /** Of a forked stream: the last common one. */
  readonly sequence: number;
  /** Digest of the statement at that sequence; absent when it is 0. */
  readonly digest?: string;
  /** Of an open stream: how many signatures the head is kept with. */
  readonly signatures?: number;
  /** Of an open release stream: the earlier release whose content it puts back. */
  readonly replaces?: number;
  /** Of a forked stream: the digests of the two statements, ascending. */
  readonly evidence?: readonly string[];
}

export interface CaseResult {
  readonly charterVersion: number;
  /** The summary of all streams, docs/replication.md. */
  readonly root: string;
  readonly streams: readonly StreamResult[];
}

export interface ConformanceCase {
  /** As in the design: `A05 m-minus-1`. */
  readonly name: string;
  readonly about: string;
  readonly realm: string;
  /** The digest of the first charter. */
  readonly pin: string;
  /** What a client watches. */
  readonly bundles: readonly string[];
  /** Floors that a client is configured with. */
  readonly minSequence?: Readonly<Record<string, number>>;
  /** How many regions a client demands; absent: none. */
  readonly requireRegions?: number;
  readonly steps: readonly Step[];
  readonly status: CaseResult;
  /** Where a subject rightly ends otherwise, because of what `instead` says of it. */
  readonly statusOf?: Partial<Record<SubjectName, CaseResult>>;
  /** Subjects for which the case makes no sense, and why. */
  readonly skip?: Partial<Record<SubjectName, string>>;
}

/** A case of the design that another test has, because it is not about documents. */
export interface CoveredCase {
  readonly name: string;
  readonly about: string;
  /** The file of that test; absent for what this version does not have. */
  readonly test?: string;
  /** The name of that test, as it is written there. */
  readonly title?: string;
}

export interface VectorFile {
  readonly format: string;
  readonly group: string;
  readonly cases: readonly ConformanceCase[];
  readonly covered: readonly CoveredCase[];
}

/** Where a vector file lies. */
export function vectorPath(name: string): URL {
  return new URL(`./vectors/${name}.json`, import.meta.url);
}

/** Reads one group. */
function readVectors(group: string): VectorFile {
  const file = JSON.parse(readFileSync(vectorPath(group), 'utf8')) as VectorFile;
  if (file.format !== FORMAT) throw new Error(`${group}.json has the format ${file.format}`);
  return file;
}

/** All cases of all groups. */
export function readAllCases(): readonly ConformanceCase[] {
  return GROUPS.flatMap((group) => readVectors(group).cases);
}

/** What a subject is expected to come to. */
export function expectedOutcome(step: JudgedStep, subject: SubjectName): Outcome {
  return step.instead?.[subject] ?? step.expect;
}
