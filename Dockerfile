# One image for web, worker, beat and the migration; docker-compose.yml says which is which.
FROM python:3.14-slim-trixie AS packages
COPY requirements.lock /
RUN python -m venv --without-pip /venv \
 && python -m pip --disable-pip-version-check --no-cache-dir --python /venv/bin/python \
      install --require-hashes --only-binary :all: -r /requirements.lock

FROM python:3.14-slim-trixie
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent integrator \
 && install -d -o integrator -g integrator -m 700 /var/lib/integrator
COPY --from=packages /venv /venv
COPY . /app
RUN /venv/bin/python -m compileall -q /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    VAR_DIR=/var/lib/integrator BIND=0.0.0.0 LOG_FORMAT=json
USER integrator
VOLUME /var/lib/integrator
EXPOSE 8000
ENTRYPOINT ["python", "manage.py"]
CMD ["up", "--only", "web"]
