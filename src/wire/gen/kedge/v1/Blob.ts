// Original file: proto/kedge/v1/trust.proto


export interface BlobInput {
  'der'?: (Buffer | Uint8Array | string);
}

export interface BlobOutput {
  'der': (Buffer);
}
