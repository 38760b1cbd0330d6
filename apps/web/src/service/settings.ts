/** What the operator of the service decided that the page has to know. */
interface ServiceSettings {
  /** Whether there is no service: the page is a folder of files, and this device makes everything. */
  alone: boolean;
  /** Whether the operator wants money shown. */
  billing: boolean;
  /** Days after which results are deleted; null: never. */
  retentionDays: number | null;
  /** What the model that serves knows by name, such as instruments; empty if it reads free text. */
  vocabulary: string[];
  /** What serves each model: the checkpoint's name, and its licence where it has a file that says so. */
  checkpoints: Record<string, { name: string } | undefined>;
}

const standard: ServiceSettings = {
  alone: false,
  billing: false,
  retentionDays: null,
  vocabulary: [],
  checkpoints: {},
};

/** The service writes its settings into the page. */
export const serviceSettings: ServiceSettings = {
  ...standard,
  ...JSON.parse(document.getElementById('settings')?.textContent || '{}'),
};
