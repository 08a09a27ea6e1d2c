// Original file: proto/kedge/v1/gossip.proto


export interface HelloInput {
  'protocolVersion'?: (number);
  'nodeId'?: (string);
  'region'?: (string);
  'realm'?: (string);
  'firstCharterDigest'?: (Buffer | Uint8Array | string);
  'bootId'?: (Buffer | Uint8Array | string);
  'storeId'?: (Buffer | Uint8Array | string);
  'address'?: (string);
  'adoption'?: (boolean);
  'proposals'?: (boolean);
  'waveCounts'?: (boolean);
  'marks'?: (boolean);
  'lines'?: (boolean);
}

export interface HelloOutput {
  'protocolVersion': (number);
  'nodeId': (string);
  'region': (string);
  'realm': (string);
  'firstCharterDigest': (Buffer);
  'bootId': (Buffer);
  'storeId': (Buffer);
  'address': (string);
  'adoption': (boolean);
  'proposals': (boolean);
  'waveCounts': (boolean);
  'marks': (boolean);
  'lines': (boolean);
}
