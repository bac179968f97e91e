# One image for every process: lienthong serve | worker | migrate | up | mock.

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv --without-pip /opt/lienthong/venv
COPY requirements/base.txt /tmp/base.txt
RUN python -m pip --python /opt/lienthong/venv/bin/python install --no-input --no-compile --only-binary :all: \
      --require-hashes --no-deps -r /tmp/base.txt
# The tree is found through a path file: no build tool is needed to install it, and none is left behind.
RUN echo /opt/lienthong/src > "$(/opt/lienthong/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/lienthong.pth" \
 && printf '#!/opt/lienthong/venv/bin/python\nfrom app.cli import main\n\nmain()\n' > /opt/lienthong/venv/bin/lienthong \
 && chmod 755 /opt/lienthong/venv/bin/lienthong
COPY schemas /opt/lienthong/src/schemas
COPY migrations /opt/lienthong/src/migrations
COPY mock_national /opt/lienthong/src/mock_national
COPY connectors /opt/lienthong/src/connectors
COPY app /opt/lienthong/src/app

FROM python:3.11-slim
RUN groupadd --system --gid 10001 lienthong \
 && useradd --system --uid 10001 --gid lienthong --no-create-home --home-dir /var/lib/lienthong lienthong \
 && install -d -o lienthong -g lienthong -m 0750 /var/lib/lienthong
COPY --from=build /opt/lienthong /opt/lienthong
ENV PATH=/opt/lienthong/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIENTHONG_DATABASE_URL=sqlite:////var/lib/lienthong/lienthong.sqlite3
USER 10001:10001
WORKDIR /var/lib/lienthong
VOLUME /var/lib/lienthong
EXPOSE 8080
STOPSIGNAL SIGTERM
# Whoever serves on another port sets PORT beside `--port`, for this check.
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8080') + '/health/live', timeout=3)"]
ENTRYPOINT ["lienthong"]
CMD ["up", "--host", "0.0.0.0"]
