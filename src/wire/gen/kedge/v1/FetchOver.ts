// Original file: proto/kedge/v1/gossip.proto


export interface FetchOverInput {
  'missing'?: (boolean);
}

export interface FetchOverOutput {
  'missing': (boolean);
}
