/** What a request looks like in one's own program. */
export interface Request {
  /** Where the service is, without a slash at its end. */
  base: string;
  model: string;
  input: Record<string, unknown>;
}

export const languages = ['curl', 'TypeScript', 'Python'] as const;
export type Language = (typeof languages)[number];

/** The request as a program in a language. The key is taken from the environment. */
export function snippet(language: Language, request: Request): string {
  return { curl, TypeScript: typescript, Python: python }[language](request);
}

function curl({ base, model, input }: Request): string {
  const body = JSON.stringify({ ...input, enable_sync_mode: true }, null, 2).replaceAll("'", `'\\''`);
  return `curl ${base}/api/v3/${model} \\
  -H "Authorization: Bearer $RETONE_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${body}'`;
}

function typescript({ base, model, input }: Request): string {
  return `// npm install wavespeed
import { Client } from 'wavespeed';

const client = new Client(process.env.RETONE_KEY, { baseUrl: '${base}' });
const { outputs } = await client.run('${model}', ${JSON.stringify(input, null, 2)});
console.log(outputs[0]);`;
}

function python({ base, model, input }: Request): string {
  return `# pip install requests
import os, requests

answer = requests.post(
    "${base}/api/v3/${model}",
    headers={"Authorization": f"Bearer {os.environ['RETONE_KEY']}"},
    json=${pythonValue({ ...input, enable_sync_mode: true }, 1)},
)
print(answer.json()["data"]["outputs"][0])`;
}

function pythonValue(value: unknown, depth: number): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'None';
  if (typeof value !== 'object') return JSON.stringify(value);
  const indent = '    '.repeat(depth);
  const lines = Object.entries(value).map(([name, each]) => `${indent}    "${name}": ${pythonValue(each, depth + 1)},`);
  return `{\n${lines.join('\n')}\n${indent}}`;
}
