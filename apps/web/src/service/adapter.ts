/** An adapter (LoRA) that was uploaded. */
export interface Adapter {
  id: string;
  name: string;
  size: number;
  created_at: string;
}
