// Original file: proto/kedge/v1/gossip.proto


export interface ArrivalsInput {
  'nodeId'?: (string);
  'to'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
  'hops'?: (number);
}

export interface ArrivalsOutput {
  'nodeId': (string);
  'to': (string);
  'payload': (Buffer);
  'signature': (Buffer);
  'hops': (number);
}
