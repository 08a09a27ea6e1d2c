// Original file: proto/kedge/v1/trust.proto


export interface CosignedHeadInput {
  'note'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string)[];
}

export interface CosignedHeadOutput {
  'note': (Buffer);
  'proof': (Buffer)[];
}
