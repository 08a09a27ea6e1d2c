// Original file: proto/kedge/v1/gossip.proto


export interface RegionSplitInput {
  'first'?: (Buffer | Uint8Array | string);
  'second'?: (Buffer | Uint8Array | string);
}

export interface RegionSplitOutput {
  'first': (Buffer);
  'second': (Buffer);
}
