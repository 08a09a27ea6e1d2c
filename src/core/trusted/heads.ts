/**
 * Reading what a statement names: its body becomes, with it, the head of a stream.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { BundleName } from '../ids.ts';
import { parseReleaseBody } from '../releases/body.ts';
import { parseRolloutBody } from '../rollouts/body.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { Statement } from '../statements/statement.ts';
import type { Head } from './state.ts';

/**
 * Makes the head that a verified statement and its body become. AR-16: the body is read only after
 * it is known to be the one that was signed; AR-17: it is of the bundle whose stream it is in.
 * Errors: `DIGEST`, `TYPE`, those of the parsers.
 */
export function readHead(statement: Statement, signed: SignedStatement, bytes: Uint8Array): Head {
  const { sequence, digest, previous, charterVersion, bundle } = statement;
  const { issuedMs, expiresMs, bodyDigest } = statement;
  requireDigest(statement, bytes);
  const names = { sequence, digest, previous, charterVersion, issuedMs, expiresMs, bodyDigest };
  const place = { ...names, bodyBytes: bytes, statement: signed };
  switch (statement.kind) {
    case 'release':
      return { kind: 'release', ...place, body: requireBundle(parseReleaseBody(bytes), bundle) };
    case 'rollout':
      return { kind: 'rollout', ...place, body: requireBundle(parseRolloutBody(bytes), bundle) };
    case 'charter':
      throw new KedgeError('TYPE', 'a charter is no head of a stream of a bundle');
  }
}

/** AR-16: length and digest are those that were signed. Errors: `DIGEST`. */
export function requireDigest(statement: Statement, body: Uint8Array): void {
  const { stream, sequence, bodyBytes, bodyDigest } = statement;
  if (body.length === bodyBytes && sha256(body) === bodyDigest) return;
  throw new KedgeError(
    'DIGEST',
    `the body offered for sequence ${sequence} of ${stream} is not the one that was signed`,
    { detail: { stream, sequence, bytes: body.length, signedBytes: bodyBytes } },
  );
}

/** AR-17. Errors: `TYPE`. */
export function requireBundle<Body extends { readonly bundle: BundleName }>(
  body: Body,
  bundle: BundleName | undefined,
): Body {
  if (body.bundle === bundle) return body;
  throw new KedgeError(
    'TYPE',
    `the body is of bundle ${body.bundle}, the statement of bundle ${bundle ?? 'none'}`,
    { detail: { bundle: body.bundle, expected: bundle } },
  );
}
