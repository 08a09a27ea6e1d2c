/**
 * What a file is that a command cannot use, and which command shows it.
 *
 * Nothing is verified: it says where to go on, and the command that is named verifies.
 *
 * @module
 */
import { encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { parseEnvelope } from '../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../core/statements/statement.ts';

/** What a file is. */
export interface FileKind {
  /** As in "it is …". */
  readonly is: string;
  /** How to see what is in it. */
  readonly hint: string;
}

/** Beginnings of files that are no JSON, and what shows them. */
const TEXTS: readonly (readonly [start: string, is: string, command: string])[] = [
  ['-----BEGIN AGE ENCRYPTED FILE-----', 'the encrypted key of a signer', 'kedge signer show'],
  ['-----BEGIN PRIVATE KEY-----', 'a private key that is not encrypted', 'kedge signer show'],
  ['-----BEGIN PUBLIC KEY-----', 'a public key', 'openssl pkey -pubin -noout -text -in'],
  ['-----BEGIN CERTIFICATE-----', 'a certificate', 'openssl x509 -noout -text -in'],
];

/** What a file is; absent: nothing that is known here. */
export function fileKind(bytes: Uint8Array, path: string): FileKind | undefined {
  const text = textOf(bytes)?.trimStart() ?? '';
  const known = TEXTS.find(([start]) => text.startsWith(start));
  if (known !== undefined) return { is: known[1], hint: `${known[2]} ${path} shows it` };
  if (!text.startsWith('{')) return undefined;
  const { format, envelope, bundle } = fieldsOf(text);
  switch (format) {
    case 'kedge-draft/1':
    case 'kedge-document/1': {
      const statement = statementOf(envelope);
      const how = format === 'kedge-draft/1' ? 'draft' : 'published';
      return statement && signedKind(statement, how, path);
    }
    case 'kedge-rotation/1':
      return { is: 'the file of a rotation', hint: `see kedge rotate status ${String(bundle)}` };
    default:
      return undefined;
  }
}

/** What a signed file is; its `path` may be a placeholder. */
export function signedKind(
  statement: Statement,
  how: 'draft' | 'published',
  path: string = '<draft>',
): FileKind {
  const { kind, sequence, bundle = '', realm } = statement;
  const what = kind === 'charter' ? `charter ${sequence}` : `${kind} ${sequence} of ${bundle}`;
  const is = how === 'draft' ? `a draft of ${what} in ${realm}` : `${what} of ${realm}, published`;
  return { is, hint: how === 'draft' ? draftHint(kind, path) : publishedHint(statement, path) };
}

/** The refusal of a file that is something else than `what`. */
export function otherKind(what: string, { is, hint }: FileKind): KedgeError {
  return new KedgeError('TYPE', `the ${what} cannot be used here: it is ${is}`, {
    detail: { hint },
  });
}

function draftHint(kind: Statement['kind'], path: string): string {
  switch (kind) {
    case 'charter':
      return `kedge charter plan ${path} shows it; then kedge charter sign, charter submit`;
    case 'release':
      return `kedge release show ${path} shows it; then kedge release sign, release submit`;
    case 'rollout':
      return `kedge rollout sign ${path} shows it before it signs; then kedge rollout submit`;
  }
}

function publishedHint({ kind, sequence, bundle }: Statement, path: string): string {
  switch (kind) {
    case 'charter':
      return sequence === 1
        ? `kedge charter show ${path} shows it`
        : 'kedge charter show shows the charter in force; a file shows itself for version 1 alone';
    case 'release':
      return `kedge bundle show --file ${path} shows it`;
    case 'rollout':
      return `kedge rollout status ${bundle ?? ''} shows the one in force`;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return parseUtf8(bytes);
  } catch {
    return undefined;
  }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function statementOf(envelope: unknown): Statement | undefined {
  try {
    return parseStatement(parseEnvelope(encodeUtf8(JSON.stringify(envelope))).payload);
  } catch {
    return undefined;
  }
}
