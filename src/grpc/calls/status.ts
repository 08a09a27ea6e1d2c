/**
 * Errors as grpc-js takes them from a handler. The mapping is `wire/status.ts`, which the SDK
 * shares.
 *
 * @module
 */
import { Metadata } from '@grpc/grpc-js';
import type { KedgeError } from '../../core/errors.ts';
import { encodeError } from '../../wire/status.ts';

/** What a handler gives to grpc-js to fail a call. */
export interface CallFailure {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The failure with status, text and trailers of an error. */
export function callFailure(error: KedgeError): CallFailure {
  const { code, details, trailers } = encodeError(error);
  const metadata = new Metadata();
  for (const [key, value] of trailers) metadata.set(key, value);
  return { code, details, metadata };
}
