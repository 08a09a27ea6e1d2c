// Original file: proto/kedge/v1/gossip.proto


export interface CosignedInput {
  'note'?: (Buffer | Uint8Array | string);
}

export interface CosignedOutput {
  'note': (Buffer);
}
