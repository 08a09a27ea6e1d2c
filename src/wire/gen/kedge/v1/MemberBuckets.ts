// Original file: proto/kedge/v1/gossip.proto


export interface MemberBucketsInput {
  'sums'?: (number)[];
}

export interface MemberBucketsOutput {
  'sums': (number)[];
}
