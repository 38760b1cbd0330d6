/** Why a configuration is not one of Stable Audio 3's, where it is known whose it is. */
export function otherModel(json: unknown): string | undefined {
  const config = json as {
    model_type?: unknown;
    model?: { pretransform?: { config?: { encoder?: { type?: unknown } } } };
  };
  const encoder = config?.model?.pretransform?.config?.encoder?.type ?? encoderAlone(json);
  if (typeof encoder === 'string' && /^(oobleck|dac|seanet)$/.test(encoder))
    return `is a model of Stable Audio Open or its tools (its autoencoder is ${encoder}); Retone runs Stable Audio 3`;
  const other = json as { architectures?: unknown; _class_name?: unknown; _diffusers_version?: unknown } | null;
  if (Array.isArray(other?.architectures))
    return `is a model of transformers (${other.architectures[0]}); Retone runs Stable Audio 3`;
  if (other?._class_name !== undefined)
    return `is a model of diffusers (${other._class_name}); Retone runs Stable Audio 3`;
  return undefined;
}

function encoderAlone(json: unknown): unknown {
  return (json as { model?: { encoder?: { type?: unknown } } } | null)?.model?.encoder?.type;
}
