import { type ChildProcess, type ForkOptions, fork, spawnSync } from 'node:child_process';

/**
 * `fork`, with a child that ends when this process ends, however that ends. The child has to call `endWithParent`.
 *
 * On Linux the kernel itself kills the child (PR_SET_PDEATHSIG, which `setpriv` of util-linux sets), even one that hangs or is
 * stopped. Elsewhere a child that is stopped at that moment ends when it is continued. To be called on the main thread: the
 * kernel takes the end of the thread for the end of the parent.
 */
export function forkTied(module: string | URL, args: readonly string[], options: ForkOptions): ChildProcess {
  if (!hasSetpriv()) return fork(module, args, options);
  const execArgv = [...killedWithParent, '--', process.execPath, ...(options.execArgv ?? process.execArgv)];
  return fork(module, args, { ...options, execPath: setpriv, execArgv });
}

/** In a child: ends it with its parent, and leaves the signals of their process group to the parent. */
export function endWithParent(): void {
  // Not `exit`, which waits for native threads that may hang.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Ctrl-C on a terminal and a service manager's SIGTERM reach every process of the group; the parent decides what becomes
  // of this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

const setpriv = 'setpriv';
const killedWithParent = ['--pdeathsig', 'KILL'];

let found: boolean | undefined;

/** Whether there is a `setpriv` that knows the option: BusyBox's does not. */
function hasSetpriv(): boolean {
  found ??=
    process.platform === 'linux' &&
    spawnSync(setpriv, [...killedWithParent, '--', 'true'], { stdio: 'ignore' }).status === 0;
  return found;
}
