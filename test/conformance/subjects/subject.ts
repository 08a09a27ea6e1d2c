/**
 * What a subject of the suite can do, and the values that its cases are turned into.
 */
import { encodeHex, parseBase64 } from '../../../src/core/bytes.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { parseSequence, parseStreamName } from '../../../src/core/ids.ts';
import type { SignedStatement } from '../../../src/core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../../src/core/statements/statement.ts';
import type { Evidence } from '../../../src/core/trusted/state.ts';
import type {
  CaseResult,
  ConformanceCase,
  FreshStep,
  JudgedStep,
  Outcome,
  StreamResult,
  SubjectName,
  VectorDocument,
  VectorEvidence,
  VectorStatement,
} from '../format.ts';

/** What a subject made of a step. */
export interface Observed {
  readonly outcome: Outcome;
  /** For whoever reads a failing test. */
  readonly message?: string;
}

/** Somebody who is put to the test, with the state of one case. */
export interface Subject extends AsyncDisposable {
  /** Says why a step is not for this subject; undefined when it is. */
  unfit(step: JudgedStep): string | undefined;
  take(step: JudgedStep): Promise<Observed>;
  restart(nowMs: number): Promise<void>;
  /** How fresh its first bundle is at a time; undefined for who does not ask regions. */
  freshness(nowMs: number): Promise<Pick<FreshStep, 'fresh' | 'clock'> | undefined>;
  /** Everything that an outsider can see of the state, as text. */
  snapshot(): Promise<string>;
  /** Where it stands; what a subject cannot know is absent. */
  result(): Promise<SubjectResult>;
  /** How many refusals with this code it has logged and counted; undefined when it has no log. */
  reported(code: ErrorCode): number | undefined;
}

export interface SubjectResult {
  readonly charterVersion: number;
  readonly root?: string;
  readonly streams: readonly StreamResult[];
}

/** How to begin a case. */
export interface SubjectKind {
  readonly name: SubjectName;
  /** For people; default the name. */
  readonly title?: string;
  open(one: ConformanceCase): Promise<Subject>;
  /** What of the expected end this subject can tell. */
  visible(expected: CaseResult, one: ConformanceCase): SubjectResult;
}

/** A document as the core sees it. */
export interface Offered {
  readonly chain: readonly SignedStatement[];
  readonly history: readonly Uint8Array[] | undefined;
  readonly body: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

function decodeStatement({ payload, signatures }: VectorStatement): SignedStatement {
  return {
    payload: parseBase64(payload),
    signatures: signatures.flatMap(({ keyId, signature, repeat = 1 }) => {
      const one = { keyId, signature: parseBase64(signature) };
      return Array.from({ length: repeat }, () => one);
    }),
  };
}

export function decodeDocument({ chain, history, body, blobs }: VectorDocument): Offered {
  return {
    chain: chain.map(decodeStatement),
    history: history?.map(parseBase64),
    body: parseBase64(body),
    blobs: blobs.map(parseBase64),
  };
}

export function decodeEvidence({ stream, sequence, first, second }: VectorEvidence): Evidence {
  return {
    stream: parseStreamName(stream),
    sequence: parseSequence(sequence),
    first: decodeStatement(first),
    second: decodeStatement(second),
  };
}

/** The statement that an offer is about; undefined when it cannot be read. */
export function lastOf(chain: readonly SignedStatement[]): Statement | undefined {
  try {
    return parseStatement(chain.at(-1)?.payload ?? new Uint8Array(0));
  } catch {
    return undefined;
  }
}

/** A forked stream as results show it. */
export function forkedResult(stream: string, sequence: number, fork: Evidence): StreamResult {
  const evidence = [fork.first, fork.second].map(({ payload }) => parseStatement(payload).digest);
  return { stream, state: 'forked', sequence, evidence };
}

/** A statement with its signatures as text, to compare. */
export function statementText({ payload, signatures }: SignedStatement): string {
  const parts = signatures.map(({ keyId, signature }) => `${keyId}:${encodeHex(signature)}`);
  return [encodeHex(payload), ...parts].join(' ');
}

export function evidenceText({ stream, sequence, first, second }: Evidence): string {
  return `${stream} ${sequence} ${statementText(first)} / ${statementText(second)}`;
}
