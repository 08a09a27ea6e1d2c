// Original file: proto/kedge/v1/trust.proto


export interface RegionSplitInput {
  'first'?: (Buffer | Uint8Array | string);
  'second'?: (Buffer | Uint8Array | string);
}

export interface RegionSplitOutput {
  'first': (Buffer);
  'second': (Buffer);
}
