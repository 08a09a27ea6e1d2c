/**
 * Policies and their tests as files for people: YAML or JSON.
 *
 * A rule may be written over several lines; in the charter its expression is one text. Rules are
 * sorted by name there, so their order in the file does not matter.
 *
 * @module
 */
import { parseDocument } from 'yaml';
import { parseUtf8 } from '../../core/bytes.ts';
import type { CanonicalValue } from '../../core/canonical.ts';
import { type Policy, policyValue, readPolicy } from '../../core/charter/rules.ts';
import { KedgeError } from '../../core/errors.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { readInput } from '../files.ts';
import { hinted } from '../help.ts';
import type { Session } from '../session.ts';

const FILE_MAX_BYTES = 512 * 1024;

/** Loads a policy for a charter: also its expressions are checked. Errors: also `POLICY`. */
export async function loadCompiledPolicy(session: Session, file: string): Promise<Policy> {
  const policy = await loadPolicy(session, file);
  compilePolicy(policy);
  return policy;
}

/** Loads a policy. Errors: `CONFIG`, `STORE`, `LIMIT`, `PARSE`. */
export async function loadPolicy(session: Session, file: string): Promise<Policy> {
  const value = await loadYaml(session, file, 'policy');
  return await asWrittenByHand(() => policyFrom(value, file));
}

/**
 * Reads what a person wrote: what is wrong with it says what may stand there, and not, as of signed
 * files, that somebody changed it.
 */
export function asWrittenByHand<Value>(read: () => Value): Promise<Value> {
  return hinted({ PARSE: whatMayStand }, () => Promise.resolve().then(read));
}

function whatMayStand({ detail }: KedgeError): string {
  const known = detail['known'];
  const manual = 'docs/policy.md says what a policy and its cases have';
  return Array.isArray(known) ? `known there: ${known.toSorted().join(', ')}; ${manual}` : manual;
}

/** Reads the rules of a parsed file. Errors: `PARSE`, `LIMIT`. */
export function policyFrom(value: CanonicalValue, file: string): Policy {
  if (!isRecord(value) || !Array.isArray(value['rules'])) {
    throw new KedgeError('CONFIG', `${file} is no policy: it must have a list \`rules\``, {
      detail: { hint: 'docs/policy.md has an example' },
    });
  }
  const rules: readonly CanonicalValue[] = value['rules'];
  const trimmed = rules.map((rule) =>
    isRecord(rule) && typeof rule['that'] === 'string'
      ? { ...rule, that: rule['that'].trim() }
      : rule,
  );
  const named = trimmed.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  // Once more through the form that charters carry, which is what gets signed.
  return readPolicy(policyValue(readPolicy({ ...value, rules: named }, file)), file);
}

/** Parses a YAML or JSON file into plain values. Errors: `CONFIG`, `STORE`, `LIMIT`. */
export async function loadYaml(
  session: Session,
  file: string,
  what: string,
): Promise<CanonicalValue> {
  const bytes = await readInput(session.path(file), { what, maxBytes: FILE_MAX_BYTES });
  const parsed = parseDocument(parseUtf8(bytes), { prettyErrors: true, schema: 'core' });
  const [problem] = parsed.errors;
  if (problem !== undefined) throw new KedgeError('CONFIG', `${file}: ${problem.message}`);
  // Aliases may be a bomb; nobody needs them here.
  return plain(parsed.toJS({ maxAliasCount: 0 }), file);
}

/** Says whether a value is a table. */
export function isRecord(
  value: CanonicalValue | undefined,
): value is { readonly [key: string]: CanonicalValue } {
  return typeof value === 'object' && !Array.isArray(value);
}

function plain(value: unknown, file: string): CanonicalValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, file));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, file)]));
  }
  throw new KedgeError(
    'CONFIG',
    `${file}: ${String(value)} is no text, whole number, truth value, list or table`,
  );
}

function nameOf(rule: CanonicalValue): string {
  const name = isRecord(rule) ? rule['name'] : undefined;
  return typeof name === 'string' ? name : '';
}
