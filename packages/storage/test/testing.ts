// For the tests of rooms that store files: `import { startS3Stub } from '@retone/storage/testing'`.
export { type S3Fault, type S3Stub, startS3Stub } from './s3-stub.ts';
