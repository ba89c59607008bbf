// node run_bpgdec.js BPGDEC_JS [IN.bpg OUT.ppm]...: decode with Bellard's own decoder, which expects a browser around it.
"use strict";
const fs = require("fs");
const path = require("path");

// A request for a file on disk, which is all that the decoder asks of XMLHttpRequest.
globalThis.XMLHttpRequest = class {
    open(_method, file) {
        const data = fs.readFileSync(file);
        this.response = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
    }
    send() {
        this.onload();
    }
};
const canvas = {
    createImageData: (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
};

const [script, ...files] = process.argv.slice(2);
const Decoder = require(path.resolve(script));
for (let i = 0; i < files.length; i += 2) {
    const decoder = new Decoder(canvas);
    decoder.onload = () => {
        const { width, height, data } = decoder.imageData;
        const rgb = data.filter((_, at) => at % 4 !== 3);
        fs.writeFileSync(files[i + 1], Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), Buffer.from(rgb)]));
    };
    decoder.load(files[i]);
}
