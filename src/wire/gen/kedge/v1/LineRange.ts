// Original file: proto/kedge/v1/gossip.proto


export interface LineRangeInput {
  'upTo'?: (string);
  'hash'?: (Buffer | Uint8Array | string);
}

export interface LineRangeOutput {
  'upTo': (string);
  'hash': (Buffer);
}
