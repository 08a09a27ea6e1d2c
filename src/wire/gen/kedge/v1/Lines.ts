// Original file: proto/kedge/v1/gossip.proto


export interface LinesInput {
  'after'?: (string);
  'upTo'?: (string);
  'notes'?: (Buffer | Uint8Array | string)[];
}

export interface LinesOutput {
  'after': (string);
  'upTo': (string);
  'notes': (Buffer)[];
}
