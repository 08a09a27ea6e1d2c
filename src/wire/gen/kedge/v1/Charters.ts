// Original file: proto/kedge/v1/trust.proto

import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from '../../kedge/v1/SignedDocument.ts';

export interface ChartersInput {
  'charters'?: (_kedge_v1_SignedDocumentInput)[];
}

export interface ChartersOutput {
  'charters': (_kedge_v1_SignedDocumentOutput)[];
}
