// Original file: proto/kedge/v1/trust.proto

import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from '../../kedge/v1/Signature.ts';

export interface SignedStatementInput {
  'payload'?: (Buffer | Uint8Array | string);
  'signatures'?: (_kedge_v1_SignatureInput)[];
}

export interface SignedStatementOutput {
  'payload': (Buffer);
  'signatures': (_kedge_v1_SignatureOutput)[];
}
