// Original file: proto/kedge/v1/gossip.proto


export interface TreeNodeInput {
  'index'?: (number);
  'hashes'?: (Buffer | Uint8Array | string);
}

export interface TreeNodeOutput {
  'index': (number);
  'hashes': (Buffer);
}
