export { runtimeVersion, Session, type SessionOptions, type Tensor } from './session.ts';
