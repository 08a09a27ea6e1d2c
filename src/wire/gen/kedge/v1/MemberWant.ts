// Original file: proto/kedge/v1/gossip.proto


export interface MemberWantInput {
  'nodeIds'?: (string)[];
}

export interface MemberWantOutput {
  'nodeIds': (string)[];
}
