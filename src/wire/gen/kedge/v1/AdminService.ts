// Original file: proto/kedge/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetAdoptionRequestInput as _kedge_v1_GetAdoptionRequestInput, GetAdoptionRequestOutput as _kedge_v1_GetAdoptionRequestOutput } from '../../kedge/v1/GetAdoptionRequest.ts';
import type { GetAdoptionResponseInput as _kedge_v1_GetAdoptionResponseInput, GetAdoptionResponseOutput as _kedge_v1_GetAdoptionResponseOutput } from '../../kedge/v1/GetAdoptionResponse.ts';
import type { GetAuditProofRequestInput as _kedge_v1_GetAuditProofRequestInput, GetAuditProofRequestOutput as _kedge_v1_GetAuditProofRequestOutput } from '../../kedge/v1/GetAuditProofRequest.ts';
import type { GetAuditProofResponseInput as _kedge_v1_GetAuditProofResponseInput, GetAuditProofResponseOutput as _kedge_v1_GetAuditProofResponseOutput } from '../../kedge/v1/GetAuditProofResponse.ts';
import type { GetBlobsRequestInput as _kedge_v1_GetBlobsRequestInput, GetBlobsRequestOutput as _kedge_v1_GetBlobsRequestOutput } from '../../kedge/v1/GetBlobsRequest.ts';
import type { GetBlobsResponseInput as _kedge_v1_GetBlobsResponseInput, GetBlobsResponseOutput as _kedge_v1_GetBlobsResponseOutput } from '../../kedge/v1/GetBlobsResponse.ts';
import type { GetCheckpointRequestInput as _kedge_v1_GetCheckpointRequestInput, GetCheckpointRequestOutput as _kedge_v1_GetCheckpointRequestOutput } from '../../kedge/v1/GetCheckpointRequest.ts';
import type { GetCheckpointResponseInput as _kedge_v1_GetCheckpointResponseInput, GetCheckpointResponseOutput as _kedge_v1_GetCheckpointResponseOutput } from '../../kedge/v1/GetCheckpointResponse.ts';
import type { GetDocumentRequestInput as _kedge_v1_GetDocumentRequestInput, GetDocumentRequestOutput as _kedge_v1_GetDocumentRequestOutput } from '../../kedge/v1/GetDocumentRequest.ts';
import type { GetDocumentResponseInput as _kedge_v1_GetDocumentResponseInput, GetDocumentResponseOutput as _kedge_v1_GetDocumentResponseOutput } from '../../kedge/v1/GetDocumentResponse.ts';
import type { GetProposalRequestInput as _kedge_v1_GetProposalRequestInput, GetProposalRequestOutput as _kedge_v1_GetProposalRequestOutput } from '../../kedge/v1/GetProposalRequest.ts';
import type { GetProposalResponseInput as _kedge_v1_GetProposalResponseInput, GetProposalResponseOutput as _kedge_v1_GetProposalResponseOutput } from '../../kedge/v1/GetProposalResponse.ts';
import type { GetRolloutRequestInput as _kedge_v1_GetRolloutRequestInput, GetRolloutRequestOutput as _kedge_v1_GetRolloutRequestOutput } from '../../kedge/v1/GetRolloutRequest.ts';
import type { GetRolloutResponseInput as _kedge_v1_GetRolloutResponseInput, GetRolloutResponseOutput as _kedge_v1_GetRolloutResponseOutput } from '../../kedge/v1/GetRolloutResponse.ts';
import type { GetStatusRequestInput as _kedge_v1_GetStatusRequestInput, GetStatusRequestOutput as _kedge_v1_GetStatusRequestOutput } from '../../kedge/v1/GetStatusRequest.ts';
import type { GetStatusResponseInput as _kedge_v1_GetStatusResponseInput, GetStatusResponseOutput as _kedge_v1_GetStatusResponseOutput } from '../../kedge/v1/GetStatusResponse.ts';
import type { ListAuditRequestInput as _kedge_v1_ListAuditRequestInput, ListAuditRequestOutput as _kedge_v1_ListAuditRequestOutput } from '../../kedge/v1/ListAuditRequest.ts';
import type { ListAuditResponseInput as _kedge_v1_ListAuditResponseInput, ListAuditResponseOutput as _kedge_v1_ListAuditResponseOutput } from '../../kedge/v1/ListAuditResponse.ts';
import type { ListClientsRequestInput as _kedge_v1_ListClientsRequestInput, ListClientsRequestOutput as _kedge_v1_ListClientsRequestOutput } from '../../kedge/v1/ListClientsRequest.ts';
import type { ListClientsResponseInput as _kedge_v1_ListClientsResponseInput, ListClientsResponseOutput as _kedge_v1_ListClientsResponseOutput } from '../../kedge/v1/ListClientsResponse.ts';
import type { ListHistoryRequestInput as _kedge_v1_ListHistoryRequestInput, ListHistoryRequestOutput as _kedge_v1_ListHistoryRequestOutput } from '../../kedge/v1/ListHistoryRequest.ts';
import type { ListHistoryResponseInput as _kedge_v1_ListHistoryResponseInput, ListHistoryResponseOutput as _kedge_v1_ListHistoryResponseOutput } from '../../kedge/v1/ListHistoryResponse.ts';
import type { ListProposalsRequestInput as _kedge_v1_ListProposalsRequestInput, ListProposalsRequestOutput as _kedge_v1_ListProposalsRequestOutput } from '../../kedge/v1/ListProposalsRequest.ts';
import type { ListProposalsResponseInput as _kedge_v1_ListProposalsResponseInput, ListProposalsResponseOutput as _kedge_v1_ListProposalsResponseOutput } from '../../kedge/v1/ListProposalsResponse.ts';
import type { ListStreamsRequestInput as _kedge_v1_ListStreamsRequestInput, ListStreamsRequestOutput as _kedge_v1_ListStreamsRequestOutput } from '../../kedge/v1/ListStreamsRequest.ts';
import type { ListStreamsResponseInput as _kedge_v1_ListStreamsResponseInput, ListStreamsResponseOutput as _kedge_v1_ListStreamsResponseOutput } from '../../kedge/v1/ListStreamsResponse.ts';
import type { ProposeRequestInput as _kedge_v1_ProposeRequestInput, ProposeRequestOutput as _kedge_v1_ProposeRequestOutput } from '../../kedge/v1/ProposeRequest.ts';
import type { ProposeResponseInput as _kedge_v1_ProposeResponseInput, ProposeResponseOutput as _kedge_v1_ProposeResponseOutput } from '../../kedge/v1/ProposeResponse.ts';
import type { SubmitRequestInput as _kedge_v1_SubmitRequestInput, SubmitRequestOutput as _kedge_v1_SubmitRequestOutput } from '../../kedge/v1/SubmitRequest.ts';
import type { SubmitResponseInput as _kedge_v1_SubmitResponseInput, SubmitResponseOutput as _kedge_v1_SubmitResponseOutput } from '../../kedge/v1/SubmitResponse.ts';
import type { WithdrawProposalRequestInput as _kedge_v1_WithdrawProposalRequestInput, WithdrawProposalRequestOutput as _kedge_v1_WithdrawProposalRequestOutput } from '../../kedge/v1/WithdrawProposalRequest.ts';
import type { WithdrawProposalResponseInput as _kedge_v1_WithdrawProposalResponseInput, WithdrawProposalResponseOutput as _kedge_v1_WithdrawProposalResponseOutput } from '../../kedge/v1/WithdrawProposalResponse.ts';

export interface AdminServiceClient extends grpc.Client {
  GetAdoption(argument: _kedge_v1_GetAdoptionRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  GetAdoption(argument: _kedge_v1_GetAdoptionRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  GetAdoption(argument: _kedge_v1_GetAdoptionRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  GetAdoption(argument: _kedge_v1_GetAdoptionRequestInput, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  getAdoption(argument: _kedge_v1_GetAdoptionRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  getAdoption(argument: _kedge_v1_GetAdoptionRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  getAdoption(argument: _kedge_v1_GetAdoptionRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  getAdoption(argument: _kedge_v1_GetAdoptionRequestInput, callback: grpc.requestCallback<_kedge_v1_GetAdoptionResponseOutput>): grpc.ClientUnaryCall;
  
  GetAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  GetAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  GetAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  GetAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  getAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  getAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  getAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  getAuditProof(argument: _kedge_v1_GetAuditProofRequestInput, callback: grpc.requestCallback<_kedge_v1_GetAuditProofResponseOutput>): grpc.ClientUnaryCall;
  
  GetBlobs(argument: _kedge_v1_GetBlobsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  GetBlobs(argument: _kedge_v1_GetBlobsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  GetBlobs(argument: _kedge_v1_GetBlobsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  GetBlobs(argument: _kedge_v1_GetBlobsRequestInput, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  getBlobs(argument: _kedge_v1_GetBlobsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  getBlobs(argument: _kedge_v1_GetBlobsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  getBlobs(argument: _kedge_v1_GetBlobsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  getBlobs(argument: _kedge_v1_GetBlobsRequestInput, callback: grpc.requestCallback<_kedge_v1_GetBlobsResponseOutput>): grpc.ClientUnaryCall;
  
  GetCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _kedge_v1_GetCheckpointRequestInput, callback: grpc.requestCallback<_kedge_v1_GetCheckpointResponseOutput>): grpc.ClientUnaryCall;
  
  GetDocument(argument: _kedge_v1_GetDocumentRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  GetDocument(argument: _kedge_v1_GetDocumentRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  GetDocument(argument: _kedge_v1_GetDocumentRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  GetDocument(argument: _kedge_v1_GetDocumentRequestInput, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  getDocument(argument: _kedge_v1_GetDocumentRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  getDocument(argument: _kedge_v1_GetDocumentRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  getDocument(argument: _kedge_v1_GetDocumentRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  getDocument(argument: _kedge_v1_GetDocumentRequestInput, callback: grpc.requestCallback<_kedge_v1_GetDocumentResponseOutput>): grpc.ClientUnaryCall;
  
  GetProposal(argument: _kedge_v1_GetProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  GetProposal(argument: _kedge_v1_GetProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  GetProposal(argument: _kedge_v1_GetProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  GetProposal(argument: _kedge_v1_GetProposalRequestInput, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  getProposal(argument: _kedge_v1_GetProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  getProposal(argument: _kedge_v1_GetProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  getProposal(argument: _kedge_v1_GetProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  getProposal(argument: _kedge_v1_GetProposalRequestInput, callback: grpc.requestCallback<_kedge_v1_GetProposalResponseOutput>): grpc.ClientUnaryCall;
  
  GetRollout(argument: _kedge_v1_GetRolloutRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  GetRollout(argument: _kedge_v1_GetRolloutRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  GetRollout(argument: _kedge_v1_GetRolloutRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  GetRollout(argument: _kedge_v1_GetRolloutRequestInput, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  getRollout(argument: _kedge_v1_GetRolloutRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  getRollout(argument: _kedge_v1_GetRolloutRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  getRollout(argument: _kedge_v1_GetRolloutRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  getRollout(argument: _kedge_v1_GetRolloutRequestInput, callback: grpc.requestCallback<_kedge_v1_GetRolloutResponseOutput>): grpc.ClientUnaryCall;
  
  GetStatus(argument: _kedge_v1_GetStatusRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  GetStatus(argument: _kedge_v1_GetStatusRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  GetStatus(argument: _kedge_v1_GetStatusRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  GetStatus(argument: _kedge_v1_GetStatusRequestInput, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  getStatus(argument: _kedge_v1_GetStatusRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  getStatus(argument: _kedge_v1_GetStatusRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  getStatus(argument: _kedge_v1_GetStatusRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  getStatus(argument: _kedge_v1_GetStatusRequestInput, callback: grpc.requestCallback<_kedge_v1_GetStatusResponseOutput>): grpc.ClientUnaryCall;
  
  ListAudit(argument: _kedge_v1_ListAuditRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  ListAudit(argument: _kedge_v1_ListAuditRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  ListAudit(argument: _kedge_v1_ListAuditRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  ListAudit(argument: _kedge_v1_ListAuditRequestInput, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  listAudit(argument: _kedge_v1_ListAuditRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  listAudit(argument: _kedge_v1_ListAuditRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  listAudit(argument: _kedge_v1_ListAuditRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  listAudit(argument: _kedge_v1_ListAuditRequestInput, callback: grpc.requestCallback<_kedge_v1_ListAuditResponseOutput>): grpc.ClientUnaryCall;
  
  ListClients(argument: _kedge_v1_ListClientsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  ListClients(argument: _kedge_v1_ListClientsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  ListClients(argument: _kedge_v1_ListClientsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  ListClients(argument: _kedge_v1_ListClientsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  listClients(argument: _kedge_v1_ListClientsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  listClients(argument: _kedge_v1_ListClientsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  listClients(argument: _kedge_v1_ListClientsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  listClients(argument: _kedge_v1_ListClientsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListClientsResponseOutput>): grpc.ClientUnaryCall;
  
  ListHistory(argument: _kedge_v1_ListHistoryRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  ListHistory(argument: _kedge_v1_ListHistoryRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  ListHistory(argument: _kedge_v1_ListHistoryRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  ListHistory(argument: _kedge_v1_ListHistoryRequestInput, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  listHistory(argument: _kedge_v1_ListHistoryRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  listHistory(argument: _kedge_v1_ListHistoryRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  listHistory(argument: _kedge_v1_ListHistoryRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  listHistory(argument: _kedge_v1_ListHistoryRequestInput, callback: grpc.requestCallback<_kedge_v1_ListHistoryResponseOutput>): grpc.ClientUnaryCall;
  
  ListProposals(argument: _kedge_v1_ListProposalsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  ListProposals(argument: _kedge_v1_ListProposalsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  ListProposals(argument: _kedge_v1_ListProposalsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  ListProposals(argument: _kedge_v1_ListProposalsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  listProposals(argument: _kedge_v1_ListProposalsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  listProposals(argument: _kedge_v1_ListProposalsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  listProposals(argument: _kedge_v1_ListProposalsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  listProposals(argument: _kedge_v1_ListProposalsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListProposalsResponseOutput>): grpc.ClientUnaryCall;
  
  ListStreams(argument: _kedge_v1_ListStreamsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  ListStreams(argument: _kedge_v1_ListStreamsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  ListStreams(argument: _kedge_v1_ListStreamsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  ListStreams(argument: _kedge_v1_ListStreamsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  listStreams(argument: _kedge_v1_ListStreamsRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  listStreams(argument: _kedge_v1_ListStreamsRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  listStreams(argument: _kedge_v1_ListStreamsRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  listStreams(argument: _kedge_v1_ListStreamsRequestInput, callback: grpc.requestCallback<_kedge_v1_ListStreamsResponseOutput>): grpc.ClientUnaryCall;
  
  Propose(argument: _kedge_v1_ProposeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  Propose(argument: _kedge_v1_ProposeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  Propose(argument: _kedge_v1_ProposeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  Propose(argument: _kedge_v1_ProposeRequestInput, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  propose(argument: _kedge_v1_ProposeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  propose(argument: _kedge_v1_ProposeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  propose(argument: _kedge_v1_ProposeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  propose(argument: _kedge_v1_ProposeRequestInput, callback: grpc.requestCallback<_kedge_v1_ProposeResponseOutput>): grpc.ClientUnaryCall;
  
  Submit(argument: _kedge_v1_SubmitRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  Submit(argument: _kedge_v1_SubmitRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  Submit(argument: _kedge_v1_SubmitRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  Submit(argument: _kedge_v1_SubmitRequestInput, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  submit(argument: _kedge_v1_SubmitRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  submit(argument: _kedge_v1_SubmitRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  submit(argument: _kedge_v1_SubmitRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  submit(argument: _kedge_v1_SubmitRequestInput, callback: grpc.requestCallback<_kedge_v1_SubmitResponseOutput>): grpc.ClientUnaryCall;
  
  WithdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  WithdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  WithdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  WithdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  withdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  withdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  withdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  withdrawProposal(argument: _kedge_v1_WithdrawProposalRequestInput, callback: grpc.requestCallback<_kedge_v1_WithdrawProposalResponseOutput>): grpc.ClientUnaryCall;
  
}

export interface AdminServiceHandlers extends grpc.UntypedServiceImplementation {
  GetAdoption: grpc.handleUnaryCall<_kedge_v1_GetAdoptionRequestOutput, _kedge_v1_GetAdoptionResponseInput>;
  
  GetAuditProof: grpc.handleUnaryCall<_kedge_v1_GetAuditProofRequestOutput, _kedge_v1_GetAuditProofResponseInput>;
  
  GetBlobs: grpc.handleUnaryCall<_kedge_v1_GetBlobsRequestOutput, _kedge_v1_GetBlobsResponseInput>;
  
  GetCheckpoint: grpc.handleUnaryCall<_kedge_v1_GetCheckpointRequestOutput, _kedge_v1_GetCheckpointResponseInput>;
  
  GetDocument: grpc.handleUnaryCall<_kedge_v1_GetDocumentRequestOutput, _kedge_v1_GetDocumentResponseInput>;
  
  GetProposal: grpc.handleUnaryCall<_kedge_v1_GetProposalRequestOutput, _kedge_v1_GetProposalResponseInput>;
  
  GetRollout: grpc.handleUnaryCall<_kedge_v1_GetRolloutRequestOutput, _kedge_v1_GetRolloutResponseInput>;
  
  GetStatus: grpc.handleUnaryCall<_kedge_v1_GetStatusRequestOutput, _kedge_v1_GetStatusResponseInput>;
  
  ListAudit: grpc.handleUnaryCall<_kedge_v1_ListAuditRequestOutput, _kedge_v1_ListAuditResponseInput>;
  
  ListClients: grpc.handleUnaryCall<_kedge_v1_ListClientsRequestOutput, _kedge_v1_ListClientsResponseInput>;
  
  ListHistory: grpc.handleUnaryCall<_kedge_v1_ListHistoryRequestOutput, _kedge_v1_ListHistoryResponseInput>;
  
  ListProposals: grpc.handleUnaryCall<_kedge_v1_ListProposalsRequestOutput, _kedge_v1_ListProposalsResponseInput>;
  
  ListStreams: grpc.handleUnaryCall<_kedge_v1_ListStreamsRequestOutput, _kedge_v1_ListStreamsResponseInput>;
  
  Propose: grpc.handleUnaryCall<_kedge_v1_ProposeRequestOutput, _kedge_v1_ProposeResponseInput>;
  
  Submit: grpc.handleUnaryCall<_kedge_v1_SubmitRequestOutput, _kedge_v1_SubmitResponseInput>;
  
  WithdrawProposal: grpc.handleUnaryCall<_kedge_v1_WithdrawProposalRequestOutput, _kedge_v1_WithdrawProposalResponseInput>;
  
}

export interface AdminServiceDefinition extends grpc.ServiceDefinition {
  GetAdoption: MethodDefinition<_kedge_v1_GetAdoptionRequestInput, _kedge_v1_GetAdoptionResponseInput, _kedge_v1_GetAdoptionRequestOutput, _kedge_v1_GetAdoptionResponseOutput>
  GetAuditProof: MethodDefinition<_kedge_v1_GetAuditProofRequestInput, _kedge_v1_GetAuditProofResponseInput, _kedge_v1_GetAuditProofRequestOutput, _kedge_v1_GetAuditProofResponseOutput>
  GetBlobs: MethodDefinition<_kedge_v1_GetBlobsRequestInput, _kedge_v1_GetBlobsResponseInput, _kedge_v1_GetBlobsRequestOutput, _kedge_v1_GetBlobsResponseOutput>
  GetCheckpoint: MethodDefinition<_kedge_v1_GetCheckpointRequestInput, _kedge_v1_GetCheckpointResponseInput, _kedge_v1_GetCheckpointRequestOutput, _kedge_v1_GetCheckpointResponseOutput>
  GetDocument: MethodDefinition<_kedge_v1_GetDocumentRequestInput, _kedge_v1_GetDocumentResponseInput, _kedge_v1_GetDocumentRequestOutput, _kedge_v1_GetDocumentResponseOutput>
  GetProposal: MethodDefinition<_kedge_v1_GetProposalRequestInput, _kedge_v1_GetProposalResponseInput, _kedge_v1_GetProposalRequestOutput, _kedge_v1_GetProposalResponseOutput>
  GetRollout: MethodDefinition<_kedge_v1_GetRolloutRequestInput, _kedge_v1_GetRolloutResponseInput, _kedge_v1_GetRolloutRequestOutput, _kedge_v1_GetRolloutResponseOutput>
  GetStatus: MethodDefinition<_kedge_v1_GetStatusRequestInput, _kedge_v1_GetStatusResponseInput, _kedge_v1_GetStatusRequestOutput, _kedge_v1_GetStatusResponseOutput>
  ListAudit: MethodDefinition<_kedge_v1_ListAuditRequestInput, _kedge_v1_ListAuditResponseInput, _kedge_v1_ListAuditRequestOutput, _kedge_v1_ListAuditResponseOutput>
  ListClients: MethodDefinition<_kedge_v1_ListClientsRequestInput, _kedge_v1_ListClientsResponseInput, _kedge_v1_ListClientsRequestOutput, _kedge_v1_ListClientsResponseOutput>
  ListHistory: MethodDefinition<_kedge_v1_ListHistoryRequestInput, _kedge_v1_ListHistoryResponseInput, _kedge_v1_ListHistoryRequestOutput, _kedge_v1_ListHistoryResponseOutput>
  ListProposals: MethodDefinition<_kedge_v1_ListProposalsRequestInput, _kedge_v1_ListProposalsResponseInput, _kedge_v1_ListProposalsRequestOutput, _kedge_v1_ListProposalsResponseOutput>
  ListStreams: MethodDefinition<_kedge_v1_ListStreamsRequestInput, _kedge_v1_ListStreamsResponseInput, _kedge_v1_ListStreamsRequestOutput, _kedge_v1_ListStreamsResponseOutput>
  Propose: MethodDefinition<_kedge_v1_ProposeRequestInput, _kedge_v1_ProposeResponseInput, _kedge_v1_ProposeRequestOutput, _kedge_v1_ProposeResponseOutput>
  Submit: MethodDefinition<_kedge_v1_SubmitRequestInput, _kedge_v1_SubmitResponseInput, _kedge_v1_SubmitRequestOutput, _kedge_v1_SubmitResponseOutput>
  WithdrawProposal: MethodDefinition<_kedge_v1_WithdrawProposalRequestInput, _kedge_v1_WithdrawProposalResponseInput, _kedge_v1_WithdrawProposalRequestOutput, _kedge_v1_WithdrawProposalResponseOutput>
}
