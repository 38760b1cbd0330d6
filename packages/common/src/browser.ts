// The part that browsers can use too.
export { CodedError } from './coded-error.ts';
export { elementsOf } from './shape.ts';
