/** Names of the API's parameters as the page labels them. */
const labels: Record<string, string> = {
  prompt: 'Prompt',
  negative_prompt: 'Avoid',
  duration: 'Length',
  init_noise_level: 'Level',
  mask_start_seconds: 'From',
  mask_end_seconds: 'To',
  extend_seconds_before: 'Before',
  extend_seconds_after: 'After',
  num_inference_steps: 'Steps',
  guidance_scale: 'Prompt strictness',
  loras: 'Adapters',
  regions: 'Regions',
  seed: 'Seed',
};

/** The label of a parameter; its own name in words where the page has none. */
export function labelOf(name: string): string {
  const spaced = name.replaceAll('_', ' ');
  return labels[name] ?? `${spaced[0]!.toUpperCase()}${spaced.slice(1)}`;
}

/** A message of the service with the labels of the page in place of parameter names. */
export function inTheirWords(message: string): string {
  return message.replace(/\b[a-z]+(?:_[a-z]+)+\b|\b(?:duration|loras)\b(?= must)/g, (name) =>
    labels[name] ? `“${labels[name]}”` : name,
  );
}
