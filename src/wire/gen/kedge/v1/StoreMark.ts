// Original file: proto/kedge/v1/gossip.proto


export interface StoreMarkInput {
  'payload'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface StoreMarkOutput {
  'payload': (Buffer);
  'signature': (Buffer);
}
