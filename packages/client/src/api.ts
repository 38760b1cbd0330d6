// Generated from the OpenAPI document of the service by `npm run client-types`. Do not edit.

export interface paths {
    "/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: {
                                balance: number;
                                /** @enum {string} */
                                currency: "USD";
                            };
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/media/upload/binary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "multipart/form-data": {
                        /** Format: binary */
                        file: string;
                    };
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: {
                                download_url: string;
                                filename: string;
                                size: number;
                                type: string;
                            };
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Model"][];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: {
                    created_after?: string;
                    created_before?: string;
                    cursor?: string;
                    include_inputs?: boolean;
                    model?: string;
                    page?: number;
                    page_size?: number;
                    status?: "created" | "processing" | "completed" | "failed" | "cancelled" | "timeout" | "deleted";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: {
                                items: {
                                    /** @enum {number} */
                                    code?: 5004;
                                    /** Format: date-time */
                                    created_at: string;
                                    error: string;
                                    error_code: string;
                                    executionTime: number;
                                    has_nsfw_contents: boolean[];
                                    id: string;
                                    input: {
                                        [key: string]: unknown;
                                    };
                                    inputs?: {
                                        [key: string]: unknown;
                                    };
                                    model: string;
                                    outputs: string[];
                                    seed: number;
                                    /** @enum {string} */
                                    status: "created" | "processing" | "completed" | "failed" | "cancelled";
                                    timings: {
                                        inference: number;
                                    };
                                    urls: {
                                        get: string;
                                    };
                                    warnings?: string[];
                                    webhook?: {
                                        attempts: number;
                                        error: string;
                                        next_attempt_at: string | null;
                                        /** @enum {string} */
                                        state: "waiting" | "delivered" | "failed";
                                    };
                                }[];
                                next_cursor?: string;
                                page: number;
                                total: number;
                            };
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        put?: never;
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        created_after?: string;
                        created_before?: string;
                        cursor?: string;
                        include_inputs?: boolean;
                        model?: string;
                        page?: number;
                        page_size?: number;
                        /** @enum {string} */
                        status?: "created" | "processing" | "completed" | "failed" | "cancelled" | "timeout" | "deleted";
                    };
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: {
                                items: {
                                    /** @enum {number} */
                                    code?: 5004;
                                    /** Format: date-time */
                                    created_at: string;
                                    error: string;
                                    error_code: string;
                                    executionTime: number;
                                    has_nsfw_contents: boolean[];
                                    id: string;
                                    input: {
                                        [key: string]: unknown;
                                    };
                                    inputs?: {
                                        [key: string]: unknown;
                                    };
                                    model: string;
                                    outputs: string[];
                                    seed: number;
                                    /** @enum {string} */
                                    status: "created" | "processing" | "completed" | "failed" | "cancelled";
                                    timings: {
                                        inference: number;
                                    };
                                    urls: {
                                        get: string;
                                    };
                                    warnings?: string[];
                                    webhook?: {
                                        attempts: number;
                                        error: string;
                                        next_attempt_at: string | null;
                                        /** @enum {string} */
                                        state: "waiting" | "delivered" | "failed";
                                    };
                                }[];
                                next_cursor?: string;
                                page: number;
                                total: number;
                            };
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: {
                                id: string;
                                /** @enum {string} */
                                status: "deleted";
                            };
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/predictions/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": components["schemas"]["TaskEvent"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stability-ai/stable-audio-3/audio-inpainting": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: {
                    webhook?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AudioInpaintingInputInput"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stability-ai/stable-audio-3/audio-outpainting": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: {
                    webhook?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AudioOutpaintingInputInput"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stability-ai/stable-audio-3/audio-to-audio": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: {
                    webhook?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AudioToAudioInputInput"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stability-ai/stable-audio-3/music": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: {
                    webhook?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MusicInputInput"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stability-ai/stable-audio-3/text-to-audio": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: {
            parameters: {
                query?: {
                    webhook?: string;
                };
                header?: {
                    "idempotency-key"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TextToAudioInputInput"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {number} */
                            code: 200;
                            data: components["schemas"]["Task"];
                            /** @enum {string} */
                            message: "success";
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Adapter: {
            /** Format: date-time */
            created_at: string;
            id: string;
            name: string;
            size: number;
        };
        AudioInpaintingInputInput: {
            audio: string;
            enable_base64_output?: boolean;
            enable_preview?: boolean;
            enable_sync_mode?: boolean;
            guidance_scale?: number;
            loras?: {
                id?: string;
                path?: string;
                scale?: number;
                strength?: number;
            }[];
            mask_end_seconds?: number;
            mask_start_seconds?: number;
            negative_prompt?: string;
            num_inference_steps?: number;
            /** @enum {number} */
            output_bit_depth?: 16 | 24 | 32;
            /** @enum {string} */
            output_format?: "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac";
            prompt: string;
            regions?: {
                end: number;
                start: number;
            }[];
            seed?: number;
            /** Format: uri */
            webhook_url?: string;
        };
        AudioOutpaintingInputInput: {
            audio: string;
            enable_base64_output?: boolean;
            enable_preview?: boolean;
            enable_sync_mode?: boolean;
            extend_seconds_after?: number;
            extend_seconds_before?: number;
            guidance_scale?: number;
            loras?: {
                id?: string;
                path?: string;
                scale?: number;
                strength?: number;
            }[];
            negative_prompt?: string;
            num_inference_steps?: number;
            /** @enum {number} */
            output_bit_depth?: 16 | 24 | 32;
            /** @enum {string} */
            output_format?: "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac";
            prompt: string;
            seed?: number;
            /** Format: uri */
            webhook_url?: string;
        };
        AudioToAudioInputInput: {
            audio: string;
            duration?: number;
            enable_base64_output?: boolean;
            enable_preview?: boolean;
            enable_sync_mode?: boolean;
            guidance_scale?: number;
            init_noise_level?: number;
            loras?: {
                id?: string;
                path?: string;
                scale?: number;
                strength?: number;
            }[];
            negative_prompt?: string;
            num_inference_steps?: number;
            /** @enum {number} */
            output_bit_depth?: 16 | 24 | 32;
            /** @enum {string} */
            output_format?: "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac";
            prompt: string;
            seed?: number;
            /** Format: uri */
            webhook_url?: string;
        };
        Failure: {
            code: number;
            data: null;
            error_code: string;
            errors?: {
                accepted: string;
                given?: unknown;
                parameter: string;
            }[];
            message: string;
        };
        Key: {
            /** Format: date-time */
            created_at: string;
            current: boolean;
            id: string;
            last_used_at: string | null;
            name: string;
            prefix: string;
            revoked_at: string | null;
        };
        Model: {
            api_schema: {
                api_schemas: {
                    api_path: string;
                    /** @constant */
                    method: "POST";
                    request_schema: {
                        properties: {
                            [key: string]: {
                                default?: unknown;
                                enum?: (string | number)[];
                                maximum?: number;
                                maxLength?: number;
                                minimum?: number;
                                type?: string;
                            } & {
                                [key: string]: unknown;
                            };
                        };
                        required?: string[];
                        "x-order-properties": string[];
                    } & {
                        [key: string]: unknown;
                    };
                    /** @constant */
                    type: "model_run";
                }[];
            };
            base_price: number;
            description: string;
            formula: string;
            model_id: string;
            name: string;
            /** @enum {string} */
            type: "audio-to-audio" | "text-to-audio";
        };
        MusicInputInput: {
            duration?: number;
            enable_base64_output?: boolean;
            enable_preview?: boolean;
            enable_sync_mode?: boolean;
            guidance_scale?: number;
            loras?: {
                id?: string;
                path?: string;
                scale?: number;
                strength?: number;
            }[];
            negative_prompt?: string;
            num_inference_steps?: number;
            /** @enum {number} */
            output_bit_depth?: 16 | 24 | 32;
            /** @enum {string} */
            output_format?: "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac";
            prompt: string;
            seed?: number;
            /** Format: uri */
            webhook_url?: string;
        };
        Task: {
            /** @constant */
            code?: 5004;
            /** Format: date-time */
            created_at: string;
            error: string;
            error_code: string;
            executionTime: number;
            has_nsfw_contents: boolean[];
            id: string;
            input: {
                [key: string]: unknown;
            };
            model: string;
            outputs: string[];
            seed: number;
            /** @enum {string} */
            status: "created" | "processing" | "completed" | "failed" | "cancelled";
            timings: {
                inference: number;
            };
            urls: {
                get: string;
            };
            warnings?: string[];
            webhook?: {
                attempts: number;
                error: string;
                next_attempt_at: string | null;
                /** @enum {string} */
                state: "waiting" | "delivered" | "failed";
            };
        };
        TaskEvent: {
            error: string;
            error_code: string;
            progress: {
                fraction: number;
                preview?: number;
                /** @enum {string} */
                stage: "text" | "encode" | "sample" | "decode";
                step?: number;
                steps?: number;
            } | null;
            seconds_left: number | null;
            /** @enum {string} */
            status: "created" | "processing" | "completed" | "failed" | "cancelled";
            tasks_ahead: number | null;
        };
        TextToAudioInputInput: {
            duration?: number;
            enable_base64_output?: boolean;
            enable_preview?: boolean;
            enable_sync_mode?: boolean;
            guidance_scale?: number;
            loras?: {
                id?: string;
                path?: string;
                scale?: number;
                strength?: number;
            }[];
            negative_prompt?: string;
            num_inference_steps?: number;
            /** @enum {number} */
            output_bit_depth?: 16 | 24 | 32;
            /** @enum {string} */
            output_format?: "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac";
            prompt: string;
            seed?: number;
            /** Format: uri */
            webhook_url?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
