export interface IPCMessage {
  id: string;
  type: string;
  data: any;
  timestamp: number;
  from: 'master' | 'worker';
  to?: string;
  correlationId?: string;
}

export interface IPCResponse {
  id: string;
  correlationId: string;
  success: boolean;
  data?: any;
  error?: string;
  timestamp: number;
}
